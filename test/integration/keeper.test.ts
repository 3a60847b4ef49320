// Where no init system looks after the daemon, a few lines of shell do.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { DaemonStatus } from '../../src/protocol/status.ts'
import { packageRoot } from '../support/package-root.ts'
import { commandOf, isAlive, kill, processesWith } from '../support/processes.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

const ALREADY_RUNNING = /DAEMON_ALREADY_RUNNING/
const STATE_UNREADABLE = /a newer Upkeep wrote it/

test('a daemon that is killed is there again without any command, with its workers, and again after that', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const workers = await up.pids('web')

  for (let round = 0; round < 3; round++) {
    const { pid } = await untilKept(up)
    kill(pid)
    await untilAnother(up, pid)
  }

  assert.deepEqual(await up.pids('web'), workers)
  assert.equal((await app.get()).status, 200)
})

test('there is one keeper, and a keeper that is killed is replaced', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const first = await untilKept(up)

  kill(first.pid)
  await untilAnother(up, first.pid)
  const second = await untilKept(up)
  await until(() => keepersOf(up).length === 1)
  kill(second.keeperPid)
  const third = await untilKept(up, second.keeperPid)

  assert.equal(third.pid, second.pid)
  assert.deepEqual(keepersOf(up), [third.keeperPid])
  kill(third.pid)
  await untilAnother(up, third.pid)
})

test('what a terminal sends does not end a keeper', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const { pid, keeperPid } = await untilKept(up)
  assert.notEqual(sessionOf(keeperPid), sessionOf(process.pid))

  for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT'] as const) kill(keeperPid, signal)
  kill(pid)

  await untilAnother(up, pid)
})

for (const [how, end] of [
  ['stopped by a command', (up: Upkeep) => up.ok('daemon', 'stop')],
  ['stopped without its workers', (up: Upkeep) => up.ok('daemon', 'stop', '--keep-workers')],
  ['ended by SIGTERM', async (up: Upkeep) => kill((await up.daemon()).pid, 'SIGTERM')],
] as const) {
  test(`a daemon that was ${how} is not started again`, async (t) => {
    const up = upkeep(t)
    await up.ok('daemon', 'start')
    const { pid, keeperPid } = await untilKept(up)

    await end(up)

    await until(() => !isAlive(pid) && !isAlive(keeperPid))
    assert.deepEqual(daemonsOf(up), [])
    assert.doesNotMatch(readFileSync(join(up.home, 'daemon.log'), 'utf8'), /"area":"keeper"/)
  })
}

test('a daemon that an init system or a terminal looks after has no keeper', async (t) => {
  const up = upkeep(t)
  const run = up.spawn({}, 'daemon', 'run')
  await until(async () => (await up.run('daemon', 'status')).status === 0)

  assert.equal((await up.daemon()).keeperPid, null)
  assert.match((await up.ok('daemon', 'status')).stdout, /No keeper/)
  assert.deepEqual(keepersOf(up), [])
  await up.ok('daemon', 'stop')
  await run.ended
})

test('a daemon that cannot start is given up after some tries; its log and the next command say why', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const [worker = 0] = await up.pids('web')
  const { pid, keeperPid } = await untilKept(up)
  const path = join(up.home, 'state.json')
  const state = readFileSync(path, 'utf8')

  // It writes its state no more: nothing changes.
  writeFileSync(path, state.replace(/"version":\d+/, '"version":9999'))
  kill(pid)
  await until(() => !isAlive(keeperPid), { within: '60s', show: () => up.report() })

  assert.match(readFileSync(join(up.home, 'daemon.log'), 'utf8'), /"keeper.gave-up"/)
  assert.match((await up.ok('list')).stderr, STATE_UNREADABLE)
  assert.match((await up.fails(69, 'daemon', 'status')).stderr, STATE_UNREADABLE)
  assert.ok(isAlive(worker))
  writeFileSync(path, state)
  await up.ok('daemon', 'start')
  assert.deepEqual(await up.pids('web'), [worker])
  await up.ok('daemon', 'stop')
  assert.doesNotMatch((await up.ok('list')).stderr, STATE_UNREADABLE)
})

test('a keeper that tries in vain leaves when somebody else has started a daemon', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const { pid, keeperPid } = await untilKept(up)
  const path = join(up.home, 'state.json')
  const state = readFileSync(path, 'utf8')
  writeFileSync(path, state.replace(/"version":\d+/, '"version":9999'))
  kill(pid)
  await until(() => STATE_UNREADABLE.test(readFileSync(join(up.home, 'daemon.log'), 'utf8')))

  writeFileSync(path, state)
  await up.ok('daemon', 'start')
  await up.ok('daemon', 'stop')

  await until(() => !isAlive(keeperPid), { within: '30s' })
  assert.deepEqual(daemonsOf(up), [])
  assert.deepEqual(
    readdirSync(up.home).filter((name) => name.startsWith('keeper.')),
    [],
  )
})

test('a keeper goes on when who was faster dies before it is a daemon', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const { pid } = await untilKept(up)
  const holder = spawn('flock', [join(up.home, 'lock'), 'sleep', '60'], { stdio: 'ignore', detached: true })
  t.after(() => tryKillGroup(holder.pid))
  await until(() => /flock/.test(commandOf(holder.pid ?? 0)))

  kill(pid)
  await until(() => ALREADY_RUNNING.test(readFileSync(join(up.home, 'daemon.log'), 'utf8')))
  tryKillGroup(holder.pid)

  await untilKept(up, pid)
})

test('a keeper leaves when a daemon has begun that needs none', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const { pid, keeperPid } = await untilKept(up)
  const path = join(up.home, 'state.json')
  const state = readFileSync(path, 'utf8')
  writeFileSync(path, state.replace(/"version":\d+/, '"version":9999'))
  kill(pid)
  await until(() => STATE_UNREADABLE.test(readFileSync(join(up.home, 'daemon.log'), 'utf8')))

  // It would win with its next try now and then.
  process.kill(keeperPid, 'SIGSTOP')
  await until(() => daemonsOf(up).every((each) => keepersOf(up).includes(each)))
  writeFileSync(path, state)
  const run = up.spawn({}, 'daemon', 'run')
  await until(async () => (await up.run('daemon', 'status')).status === 0)
  process.kill(keeperPid, 'SIGCONT')

  await until(() => !isAlive(keeperPid), { within: '30s' })
  assert.doesNotMatch(readFileSync(join(up.home, 'daemon.log'), 'utf8'), /gave-up/)
  assert.equal((await up.daemon()).pid, run.child.pid)
  await up.ok('daemon', 'stop')
  await run.ended
})

test('a keeper that comes too late, when a daemon has begun, leaves without giving up', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const { pid } = await untilKept(up)

  const late = lateKeeper(t, up)

  await until(() => !isAlive(late), { within: '60s', show: () => up.report() })
  assert.doesNotMatch(readFileSync(join(up.home, 'daemon.log'), 'utf8'), /gave-up/)
  assert.ok(!existsSync(join(up.home, 'keeper.gave-up')))
  assert.equal((await up.daemon()).pid, pid)
})

test('a daemon that is stopped stays so, though a keeper still tries', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  await untilKept(up)
  const late = lateKeeper(t, up)
  await until(() => existsSync(join(up.home, `keeper.${late}`)))
  await until(() => ALREADY_RUNNING.test(readFileSync(join(up.home, 'daemon.log'), 'utf8')))

  await up.ok('daemon', 'stop')

  await until(() => !isAlive(late), { within: '60s', show: () => up.report() })
  assert.deepEqual(daemonsOf(up), [])
})

/** The keeper of a daemon that died while the next one was there already. */
function lateKeeper(t: TestContext, up: Upkeep): number {
  const command = [process.execPath, join(packageRoot, 'dist', 'daemon', 'main.js')]
  const { pid = 0 } = spawn('/bin/sh', [join(packageRoot, 'bin', 'keeper'), up.home, '0', ...command], {
    env: up.env,
    stdio: 'ignore',
    detached: true,
  })
  t.after(() => tryKillGroup(pid))
  return pid
}

function tryKillGroup(pid = 0): void {
  try {
    if (pid > 1) process.kill(-pid, 'SIGKILL')
  } catch {
    // It is gone.
  }
}

/** The status of a daemon that has a keeper, another one than this. */
async function untilKept(
  up: Upkeep,
  before?: number,
): Promise<DaemonStatus & { readonly keeperPid: number }> {
  return await until(async () => {
    const status = await up.daemon()
    const { keeperPid } = status
    return keeperPid !== null && keeperPid !== before && { ...status, keeperPid }
  })
}

/** Without a command that would start one itself. */
async function untilAnother(up: Upkeep, pid: number): Promise<void> {
  await until(async () => (await up.daemon()).pid !== pid, { within: '30s', show: () => up.report() })
}

function keepersOf(up: Upkeep): number[] {
  return processesWith(up.home).filter((pid) => commandOf(pid).includes('/bin/keeper '))
}

function daemonsOf(up: Upkeep): number[] {
  return processesWith(up.home).filter((pid) => commandOf(pid).includes('/daemon/main.js '))
}

/** proc(5): the sixth field, the fourth after the name. */
function sessionOf(pid: number): string | undefined {
  return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3]
}
