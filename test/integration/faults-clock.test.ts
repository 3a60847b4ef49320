// Somebody sets the clock, by a day. Only times of day may change: nothing that is decided by how long something lasted.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import type { InstanceStatus } from '../../src/protocol/status.ts'
import { testApp } from '../support/package-root.ts'
import { isAlive, kill } from '../support/processes.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { Upkeep } from '../support/upkeep.ts'

const DAY_MS = 24 * 3600 * 1000

interface Clocked {
  readonly up: Upkeep
  /** Sets the clock of the daemon, as far off as this. */
  set(offsetMs: number): void
  /** SIGKILL for the daemon, and a new one with the same clock. */
  replaceDaemon(): Promise<void>
}

/** A daemon whose clock the test sets. */
async function clocked(t: TestContext): Promise<Clocked> {
  const up = new Upkeep()
  t.after(async () => {
    // The daemon is a command of the test, which would only be killed.
    await up.run('daemon', 'stop')
    await up.close()
  })
  const file = join(up.folder, 'clock-offset')
  const env = { NODE_OPTIONS: `--require=${testApp('set-clock.cjs')}`, CLOCK_OFFSET: file }
  const start = async () => {
    up.spawn({ env }, 'daemon', 'run')
    await until(async () => (await up.run('daemon', 'status')).status === 0)
  }
  await start()
  return {
    up,
    set: (offsetMs) => writeFileSync(file, String(offsetMs)),
    async replaceDaemon() {
      const { pid } = await up.daemon()
      kill(pid)
      await until(() => !isAlive(pid))
      await start()
    },
  }
}

for (const isAdopted of [false, true]) {
  const whose = isAdopted ? 'an adopted worker' : 'a worker'

  test(`a clock set forward makes ${whose} no stable one: the restarts are counted`, async (t) => {
    const { up, set, replaceDaemon } = await clocked(t)
    const restart = { policy: 'always', maxRestarts: 1, minUptime: '1h', backoff: '10ms' }
    await running(up, 'http.mjs', { instances: 1, restart })
    await killWorker(up)
    await up.untilState('web', 'ready')
    // The count is in the memory of the daemon that saw them.
    if (isAdopted) {
      await replaceDaemon()
      await killWorker(up)
      await up.untilState('web', 'ready')
    }

    set(DAY_MS)
    await killWorker(up)

    const [instance] = await up.untilState('web', 'failed')
    assert.ok((instance?.lastExit?.uptimeMs ?? DAY_MS) < DAY_MS / 2, JSON.stringify(instance))
  })

  test(`a clock set back makes ${whose} no crash loop: it is started again at once`, async (t) => {
    const { up, set, replaceDaemon } = await clocked(t)
    const restart = { policy: 'always', maxRestarts: 1, minUptime: '1ms' }
    await running(up, 'http.mjs', { instances: 1, restart })
    if (isAdopted) await replaceDaemon()

    for (let round = 1; round <= 3; round++) {
      set(-DAY_MS * round)
      const lastExit = await killWorker(up)
      assert.ok(lastExit.uptimeMs >= 0 && lastExit.uptimeMs < DAY_MS / 2, JSON.stringify(lastExit))
      await up.untilState('web', 'ready')
    }
  })
}

test('an uptime is the same whatever the clock says', async (t) => {
  const { up, set, replaceDaemon } = await clocked(t)
  await running(up, 'http.mjs', { instances: 1 })
  const nowMs = Date.now()
  const [before] = await up.instances('web')

  for (const offsetMs of [DAY_MS, -DAY_MS]) {
    set(offsetMs)
    for (const look of [async () => {}, replaceDaemon]) {
      await look()
      const [instance] = await up.instances('web')
      const shiftMs = (instance?.startedAtMs ?? 0) - (before?.startedAtMs ?? 0) - offsetMs
      assert.ok(Math.abs(shiftMs) < DAY_MS / 24, `${shiftMs}`)
    }
    assert.ok(Math.abs((await up.daemon()).startedAtMs - nowMs - offsetMs) < DAY_MS / 24)
  }
})

test('logs keep their order, and the young ones, when the clock is set back', async (t) => {
  const { up, set, replaceDaemon } = await clocked(t)
  const logs = { maxSize: '10KB', keep: 2, compress: false }
  const app = await running(up, 'http.mjs', { instances: 1, logs })
  const write = async (from: number, to: number) => {
    for (let number = from; number < to; number++) await app.get(`/log?text=${number}-${'x'.repeat(1000)}`)
    await until(async () => (await numbersIn(up)).at(-1) === to - 1)
  }
  await write(0, 30)

  set(-DAY_MS)
  await replaceDaemon()
  await write(30, 60)

  const numbers = await numbersIn(up)
  const [first = 60] = numbers
  assert.ok(first >= 30 && first < 50, `${first}`)
  assert.deepEqual(
    numbers,
    Array.from({ length: 60 - first }, (_, index) => first + index),
  )
})

async function numbersIn(up: Upkeep): Promise<number[]> {
  return [...(await up.logs('web')).matchAll(/(\d+)-x{100}/g)].map(([, number]) => Number(number))
}

/** Returns how it ended. */
async function killWorker(up: Upkeep): Promise<NonNullable<InstanceStatus['lastExit']>> {
  const [pid = 0] = await up.pids('web')
  kill(pid)
  return await until(async () => {
    const [instance] = await up.instances('web')
    return instance?.lastExit?.pid === pid && instance.lastExit
  })
}
