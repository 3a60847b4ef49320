// Somebody tidies up the home, or what belongs to it, while the daemon runs: apps do not notice, and commands find it again.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { UpkeepClient } from '../../src/client/upkeep-client.ts'
import { isAlive, kill, processesWith } from '../support/processes.ts'
import { isRoot } from '../support/programs.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

test('a control socket that was removed is made again, and who is connected stays so', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  const { pid } = await up.daemon()
  const socket = join(up.home, 'upkeep.sock')
  const following = up.spawn({}, 'logs', 'web', '-f')
  await app.get('/log?text=before')
  await until(() => following.output.stdout.includes('before'))

  rmSync(socket)

  await untilAnswering(up)
  assert.equal((await up.daemon()).pid, pid)
  assert.equal(lstatSync(socket).mode & 0o777, 0o600)
  await app.get('/log?text=after')
  await until(() => following.output.stdout.includes('after'))
  kill(following.child.pid ?? 0)
  await until(() => /upkeep.sock was removed/.test(up.report()))
})

test('a command right after the removal of the control socket starts no second daemon', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const { pid } = await up.daemon()
  const workers = await up.pids('web')

  rmSync(join(up.home, 'upkeep.sock'))
  await up.ok('daemon', 'start')

  assert.equal((await up.daemon()).pid, pid)
  assert.deepEqual(await up.pids('web'), workers)
})

test('an agent socket that was removed is made again', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const socket = join(up.home, 'agent.sock')

  rmSync(socket)

  await until(() => existsSync(socket) && lstatSync(socket).mode % 0o1000 === 0o600)
  await connected(socket)
})

test('the public agent socket is made again, also with its folder', async (t) => {
  if (!isRoot()) return t.skip('only a daemon of root has a public agent socket')
  const up = upkeep(t)
  chmodSync(up.folder, 0o755)
  await running(up, 'http.mjs', { instances: 1, user: 'nobody', group: 'nogroup' })
  const workers = await up.pids('web')
  const folder = publicFolder(up)

  for (const gone of [join(folder, 'agent.sock'), folder]) {
    removeAll(gone)
    await until(() => lstatSync(join(folder, 'agent.sock')).mode % 0o1000 === 0o666, { within: '20s' })
    await connected(join(folder, 'agent.sock'))
  }

  await up.replaceDaemon()
  await up.ok('reload', 'web')
  assert.ok(!(await up.pids('web')).some((pid) => workers.includes(pid)))
})

test('a home that was removed is made again from memory; its workers and their logs go on', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 2 })
  const { pid } = await up.daemon()
  const workers = await up.pids('web')

  removeAll(up.home)

  await untilAnswering(up)
  assert.equal((await up.daemon()).pid, pid)
  assert.deepEqual(await up.pids('web'), workers)
  await until(() => /home was removed while the daemon runs/.test(up.report()))
  await until(() => readFileSync(join(up.home, 'state.json'), 'utf8').includes('"web"'))
  await until(async () => {
    await app.get('/log?text=after')
    return (await up.logs('web')).includes('after')
  })

  await up.replaceDaemon()
  assert.deepEqual(await up.pids('web'), workers)
  await app.get('/log?text=adopted')
  await until(async () => (await up.logs('web')).includes('adopted'))
  await up.ok('reload', 'web')
  assert.deepEqual(workers.filter(isAlive), [])
})

test('without its lock file a daemon is still the only one', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const { pid } = await up.daemon()

  rmSync(join(up.home, 'lock'))

  await until(() => readFileSync(join(up.home, 'lock'), 'utf8') === `${pid}\n`)
  const { stderr } = await up.fails(69, 'daemon', 'run')
  assert.match(stderr, /one runs there already/)
})

test('a daemon whose home another one has taken ends its workers and leaves the home to that one', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const { pid } = await up.daemon()
  kill(pid, 'SIGSTOP')
  t.after(() => kill(pid))
  removeAll(up.home)
  mkdirSync(up.home, { mode: 0o700 })
  await up.ok('daemon', 'start')
  const { pid: next, keeperPid } = await up.daemon()
  assert.notEqual(next, pid)

  kill(pid, 'SIGCONT')

  await until(() => !isAlive(pid), { show: () => up.report() })
  assert.deepEqual(new Set(processesWith(up.folder)), new Set([next, keeperPid]))
  assert.equal((await up.daemon()).pid, next)
})

test('a folder that cannot be made again is told, and the daemon goes on', async (t) => {
  const up = upkeep(t)
  const home = join(up.folder, 'mounted', 'home')
  mkdirSync(join(up.folder, 'mounted'))
  const nested = { env: { UPKEEP_HOME: home } }
  await up.okWith(nested, 'daemon', 'start')
  const client = new UpkeepClient({ home })
  const { pid } = await client.daemon()

  removeAll(join(up.folder, 'mounted'))
  // As when a disk comes back.
  await until(() => !existsSync(join(home, 'upkeep.sock')))
  mkdirSync(join(up.folder, 'mounted'))

  await until(async () => (await client.daemon()).pid === pid, { within: '20s' })
  await up.okWith(nested, 'daemon', 'stop')
})

/** Again, should the daemon have put something back meanwhile. */
function removeAll(path: string): void {
  rmSync(path, { recursive: true, maxRetries: 10 })
}

function publicFolder(up: Upkeep): string {
  return `/run/upkeep-${createHash('sha256').update(up.home).digest('hex').slice(0, 16)}`
}

async function untilAnswering(up: Upkeep): Promise<void> {
  await until(async () => (await up.run('daemon', 'status')).status === 0, { within: '20s' })
}

async function connected(path: string): Promise<void> {
  const socket = connect(path)
  await once(socket, 'connect')
  socket.destroy()
}
