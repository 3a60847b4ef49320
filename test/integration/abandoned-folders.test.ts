// What a daemon has outside of its home, after it was killed.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { testApp } from '../support/package-root.ts'
import { kill, processesWith } from '../support/processes.ts'
import { isRoot } from '../support/programs.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

test('the next daemon sweeps the folders of public sockets whose daemons were killed, and no other', async (t) => {
  if (!isRoot()) return t.skip('only a daemon of root has such')
  const [next, killed, awaited, living] = [upkeep(t), upkeep(t), upkeep(t), upkeep(t)]
  await running(living, 'http.mjs', { instances: 1 })
  await running(killed, 'http.mjs', { instances: 1 })
  const [swept, kept] = [publicFolder(killed.home), publicFolder(living.home)]
  const owner = readFileSync(join(swept, 'owner'), 'utf8')
  await killed.killDaemon()
  chmodSync(awaited.folder, 0o755)
  await running(awaited, 'http.mjs', { instances: 1, user: 'nobody', group: 'nogroup' })
  await awaited.killDaemon()
  const folders = [
    folderWith(t, '0', {}),
    folderWith(t, '1', { owner: owner.replace(/pid:\[\d+\]/, 'pid:[1]') }),
    folderWith(t, '2', { owner: '{"pid":' }),
    folderWith(t, '3', {
      owner: owner.replace(/"pid":\d+/, `"pid":${process.pid}`).replace(/Ticks":\d+/, `Ticks":${ownTicks()}`),
    }),
    // They are looked at in the order of their names.
    folderWith(t, 'f', { owner, 'file of somebody': '' }),
  ]

  await next.ok('daemon', 'start')

  await until(() => !existsSync(join(folders[4] ?? '', 'owner')))
  assert.ok(!existsSync(swept))
  const left = folders.map((folder) => readdirSync(folder))
  assert.deepEqual(left, [[], ['owner'], ['owner'], ['owner'], ['file of somebody']])
  assert.deepEqual(readdirSync(kept).sort(), ['agent.sock', 'owner'])
  assert.deepEqual(readdirSync(publicFolder(awaited.home)).sort(), ['agent.sock', 'owner'])
  await killed.ok('daemon', 'start')
  assert.ok(existsSync(join(swept, 'agent.sock')))
  await awaited.ok('delete', 'web')
  await killed.ok('delete', 'web')
  await killed.ok('daemon', 'stop')
  assert.ok(!existsSync(swept))
})

test('the next daemon sweeps the temporary home of a run that was killed, when its workers are gone too', async (t) => {
  const up = upkeep(t)
  const temporary = join(up.folder, 'tmp')
  mkdirSync(join(temporary, 'upkeep-backup'), { recursive: true })
  const env = { TMPDIR: temporary, PORT: '0' }
  const [killed, living] = [await runOf(up, env), await runOf(up, env)]
  killed.child.kill('SIGKILL')
  await killed.ended
  const last = join(temporary, 'upkeep-zzzzzz')
  const abandoned = () => {
    mkdirSync(last, { mode: 0o700 })
    copyFileSync(join(killed.home, 'owner'), join(last, 'owner'))
  }

  abandoned()
  await up.okWith({ env }, 'daemon', 'start')
  await until(() => !existsSync(last))
  assert.ok(existsSync(killed.home), 'its workers run, and could be adopted')
  await up.ok('daemon', 'stop')
  for (const pid of workersOf(killed.home)) kill(pid)
  await until(() => workersOf(killed.home).length === 0)
  abandoned()
  await up.okWith({ env }, 'daemon', 'start')
  await until(() => !existsSync(last))

  assert.ok(!existsSync(killed.home))
  assert.ok(existsSync(join(living.home, 'upkeep.sock')))
  assert.ok(existsSync(join(temporary, 'upkeep-backup')))
  living.child.kill('SIGTERM')
  await living.ended
})

/** Runs an app in the foreground; its home is the one that was not there before. */
async function runOf(up: Upkeep, env: { readonly TMPDIR: string }) {
  // Newer Node.js keep compiled code beside them.
  const names = () => readdirSync(env.TMPDIR).filter((name) => name.startsWith('upkeep-'))
  const homes = () => names().map((name) => join(env.TMPDIR, name))
  const before = homes()
  const run = up.spawn({ env }, 'run', testApp('http.mjs'))
  await until(() => run.output.stdout.includes('listening'), { show: () => run.output })
  const home = homes().find((path) => !before.includes(path)) ?? ''
  return { ...run, home }
}

function workersOf(home: string): number[] {
  return processesWith(join(home, 'agent.sock'))
}

/** proc(5): when this process began. */
function ownTicks(): string {
  return readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ')[19] ?? ''
}

function publicFolder(home: string): string {
  return `/run/upkeep-${createHash('sha256').update(home).digest('hex').slice(0, 16)}`
}

/** One that its name sorts among the others. */
function folderWith(t: TestContext, first: string, files: Readonly<Record<string, string>>): string {
  const folder = `/run/upkeep-${first}${process.pid.toString(16).padStart(15, first)}`
  mkdirSync(folder, { mode: 0o711 })
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
  return folder
}
