// A daemon that dies right after it spawned a worker had no time to write it down. The next one finds it.
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAlive, kill } from '../support/processes.ts'
import { isRoot } from '../support/programs.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

interface State {
  readonly apps: readonly {
    readonly instances: readonly { worker: { id: string; pid: number; startTicks: number } | null }[]
  }[]
}

test('a worker that the state does not name is adopted', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 2 })
  const workers = await up.pids('web')
  await up.killDaemon()
  changeState(up, (instance) => {
    instance.worker = null
  })

  await up.ok('daemon', 'start')

  await up.untilState('web', 'ready')
  assert.deepEqual(await up.pids('web'), workers)
  await up.ok('reload', 'web')
  assert.equal((await app.get()).status, 200)
})

test('it takes the place of one that the state names but that is dead', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 2 })
  const workers = await up.pids('web')
  await up.killDaemon()
  changeState(up, (instance) => {
    if (instance.worker !== null) Object.assign(instance.worker, { id: 'web.0.0a', startTicks: 1 })
  })

  await up.ok('daemon', 'start')

  await up.untilState('web', 'ready')
  assert.deepEqual(await up.pids('web'), workers)
})

test('a process of another user that looks like a worker is none', async (t) => {
  if (!isRoot()) return t.skip('only root may start a process of another user')
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const [worker = 0] = await up.pids('web')
  await up.killDaemon()
  kill(worker)
  let id = ''
  changeState(up, (instance) => {
    id = instance.worker?.id ?? ''
    instance.worker = null
  })
  const stranger = spawn('sleep', ['60'], {
    env: { ...up.env, UPKEEP_WORKER: id, UPKEEP_AGENT_SOCKET: join(up.home, 'agent.sock') },
    uid: 65_534,
    gid: 65_534,
    detached: true,
    stdio: 'ignore',
  })
  await once(stranger, 'spawn')

  await up.ok('daemon', 'start')

  await isLeftAlone(up, stranger)
})

test('a recorded pid without the time of its start is nobody: it is not adopted, nor ended', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const [worker = 0] = await up.pids('web')
  await up.killDaemon()
  kill(worker)
  const stranger = spawn('sleep', ['60'], { cwd: '/', detached: true, stdio: 'ignore' })
  await once(stranger, 'spawn')
  changeState(up, (instance) => {
    if (instance.worker !== null) Object.assign(instance.worker, { pid: stranger.pid, startTicks: null })
  })

  await up.ok('daemon', 'start')

  await isLeftAlone(up, stranger)
})

test('the log pipes of workers that died with the daemon are removed', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 2 })
  const [victim = 0] = await up.pids('web')
  await up.killDaemon()
  kill(victim)
  await until(() => !isAlive(victim))

  await up.ok('daemon', 'start')

  await up.untilState('web', 'ready')
  const pipes = readdirSync(join(up.home, 'run')).filter((name) => /^web\..*\.(?:out|err)$/.test(name))
  assert.equal(pipes.length, 4, pipes.join(' '))
})

test('what a program started in a session of its own is no worker, and lives on', async (t) => {
  const up = upkeep(t)
  await running(up, 'sh-own-session.sh', { instances: 1 })
  const child = Number(/child (\d+)/.exec(await up.logs('web'))?.[1])
  t.after(() => kill(child))
  const workers = await up.pids('web')

  await up.replaceDaemon()
  assert.deepEqual(await up.pids('web'), workers)
  await up.killDaemon()
  changeState(up, (instance) => {
    instance.worker = null
  })
  await up.ok('daemon', 'start')

  assert.deepEqual(await up.pids('web'), workers)
  // As long as a stray would have had to end.
  await assert.rejects(until(() => !isAlive(child), { within: '6s' }))
  kill(child)
})

/** It is no worker of `web`, and what ends those does not end it. */
async function isLeftAlone(up: Upkeep, stranger: ChildProcess): Promise<void> {
  await up.untilState('web', 'ready')
  assert.notEqual((await up.pids('web'))[0], stranger.pid)
  await up.ok('delete', 'web')
  const ended = once(stranger, 'exit')
  assert.ok(stranger.kill('SIGKILL'))
  assert.deepEqual(await ended, [null, 'SIGKILL'])
}

function changeState(
  up: Upkeep,
  change: (instance: State['apps'][number]['instances'][number]) => void,
): void {
  const path = join(up.home, 'state.json')
  const state: State = JSON.parse(readFileSync(path, 'utf8'))
  for (const { instances } of state.apps) instances.forEach(change)
  writeFileSync(path, JSON.stringify(state))
}
