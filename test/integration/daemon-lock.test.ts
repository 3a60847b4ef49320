// One daemon per home, whoever else is on the host.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { isAlive, kill } from '../support/processes.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

const ALREADY_RUNNING = 69

/** Where there is no program at all, so no flock either. */
const BARE = { env: { PATH: '/nowhere' } }

/** The name that a daemon without flock(1) takes. */
function abstractName(home: string): string {
  const { dev, ino } = statSync(home)
  return `\0upkeep-${process.getuid?.()}-${dev}-${ino}`
}

/** Runs daemons until one answers and the others have left. */
async function race(up: Upkeep, count: number) {
  const runs = Array.from({ length: count }, () => up.spawn({}, 'daemon', 'run'))
  const [winner, ...losers] = await until(
    async () => {
      const [alive, ended] = [true, false].map((isOn) =>
        runs.filter(({ child }) => (child.exitCode === null) === isOn),
      )
      return alive?.length === 1 && ended !== undefined && [...alive, ...ended]
    },
    { show: () => runs.map(({ child, output }) => [child.pid, child.exitCode, output]) },
  )
  await until(async () => (await up.run('daemon', 'status')).status === 0)
  return { winner, losers }
}

test('of two daemons that start at the same instant exactly one wins, and the next begins when it is killed', async (t) => {
  const up = upkeep(t)
  for (let round = 0; round < 10; round++) {
    const { winner, losers } = await race(up, 2)

    assert.deepEqual(
      losers.map(({ child }) => child.exitCode),
      [ALREADY_RUNNING],
    )
    assert.equal((await up.daemon()).pid, winner?.child.pid)
    kill(winner?.child.pid ?? 0)
    await winner?.ended
  }
})

test('the lock is a file for the owner alone, and workers do not hold it', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const [worker = 0] = await up.pids('web')
  const { pid } = await up.daemon()
  const lockFile = `${up.home}/lock`

  const openFiles = (of: number) =>
    readdirSync(`/proc/${of}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${of}/fd/${fd}`)
      } catch {
        return ''
      }
    })

  assert.equal(statSync(lockFile).mode & 0o777, 0o600)
  assert.ok(openFiles(pid).includes(lockFile))
  assert.ok(!openFiles(worker).includes(lockFile))
  await up.replaceDaemon()
  assert.deepEqual(await up.pids('web'), [worker])
})

test('a stranger who took the abstract name does not keep the daemon from starting', async (t) => {
  const up = upkeep(t)
  mkdirSync(up.home, { mode: 0o700 })
  const stranger = createServer()
  await new Promise<void>((resolve) => stranger.listen(abstractName(up.home), resolve))
  t.after(() => stranger.close())

  await up.ok('daemon', 'start')
})

test('without the program flock a second daemon is refused all the same', async (t) => {
  const up = upkeep(t)
  await up.okWith(BARE, 'daemon', 'start')
  const { pid } = await up.daemon()

  const { status, stderr } = await up.runWith(BARE, 'daemon', 'run')

  assert.equal(status, ALREADY_RUNNING, stderr)
  assert.equal(await up.killDaemon(), pid)
  await up.okWith(BARE, 'daemon', 'start')
})

test('a command that meets a daemon that is just dying starts the next when the lock is free', async (t) => {
  const up = upkeep(t)
  mkdirSync(up.home, { mode: 0o700 })
  const dying = spawn('flock', [join(up.home, 'lock'), 'sleep', '60'], { stdio: 'ignore', detached: true })
  t.after(() => dying.pid !== undefined && isAlive(dying.pid) && process.kill(-dying.pid, 'SIGKILL'))
  await until(() => existsSync(join(up.home, 'lock')))
  const starting = up.spawn({}, 'daemon', 'start')
  await until(() => readFileSync(join(up.home, 'daemon.log'), 'utf8').includes('DAEMON_ALREADY_RUNNING'))

  process.kill(-(dying.pid ?? 0), 'SIGKILL')

  const { status, stderr } = await starting.ended
  assert.equal(status, 0, stderr)
})
