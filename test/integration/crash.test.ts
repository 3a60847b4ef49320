import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load } from '../support/load/load.ts'
import { testApp } from '../support/package-root.ts'
import { isAlive, kill } from '../support/processes.ts'
import { get } from '../support/request.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { upkeep } from '../support/upkeep.ts'

test('a worker that crashed is started again at once, and its end is remembered', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  const [before] = await up.pids('web')

  await assert.rejects(app.get('/crash'))

  await until(async () => (await app.who()).pid !== before, { within: '3s' })
  const [instance] = await up.untilState('web', 'ready')
  assert.equal(instance?.restarts, 1)
  assert.equal(instance?.lastExit?.code, 1)
  assert.match(instance?.lastExit?.lastLines.join('\n') ?? '', /asked to crash/)
  const { stdout } = await up.ok('events')
  assert.ok(stdout.includes(`pid ${before} ended with exit code 1\n`), stdout)
})

test('a worker that keeps crashing is started ever more slowly', async (t) => {
  const up = upkeep(t)
  await running(up, 'crashes-later.mjs', {
    instances: 1,
    restart: { backoff: '200ms', maxBackoff: '1h' },
    env: { CRASH_MS: '100' },
  })
  const waits = new Map<number, number>()

  await until(
    async () => {
      const [instance] = await up.instances('web')
      const exit = instance?.lastExit
      if (instance?.state === 'waiting' && exit && instance.retryAtMs) {
        waits.set(instance.restarts, instance.retryAtMs - exit.atMs)
      }
      return waits.size >= 2 && Math.max(...waits.values()) > 1000
    },
    { within: '20s', show: () => [...waits] },
  )

  const sorted = [...waits].sort(([a], [b]) => a - b).map(([, waitMs]) => waitMs)
  assert.deepEqual(
    sorted,
    sorted.toSorted((a, b) => a - b),
  )
})

test('it is given up after restart.maxRestarts, if the user asked for that', async (t) => {
  const up = upkeep(t)
  await running(up, 'crashes-later.mjs', {
    instances: 1,
    restart: { maxRestarts: 2, backoff: '10ms' },
    env: { CRASH_MS: '100' },
  })

  const [instance] = await up.untilState('web', 'failed')

  assert.equal(instance?.restarts, 2)
  assert.equal((await up.app('web')).state, 'failed')
})

test('exit status 78 is not tried again', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })

  await app.get('/exit?code=78').catch(() => undefined)

  const [instance] = await up.untilState('web', 'failed')
  assert.equal(instance?.lastExit?.code, 78)
  assert.equal(instance?.restarts, 0)
})

for (const [policy, code, then] of [
  ['always', 0, 'ready'],
  ['on-failure', 0, 'finished'],
  ['on-failure', 3, 'ready'],
  ['never', 3, 'failed'],
  ['never', 0, 'finished'],
] as const) {
  test(`restart.policy ${policy}, exit code ${code}: ${then}`, async (t) => {
    const up = upkeep(t)
    const app = await running(up, 'http.mjs', { instances: 1, restart: policy })
    const [before = 0] = await up.pids('web')

    await app.get(`/exit?code=${code}`).catch(() => undefined)

    await until(() => !isAlive(before))
    const [instance] = await up.untilState('web', then)
    assert.equal(instance?.lastExit?.code, code)
  })
}

test('an app that has done its work is finished', async (t) => {
  const up = upkeep(t)
  const config = { name: 'job', script: testApp('ends-by-itself.mjs'), restart: 'on-failure' }

  await up.ok('start', up.config([{ ...config, env: { WORK_MS: '300' } }]))

  const [instance] = await up.untilState('job', 'finished')
  assert.equal(instance?.lastExit?.code, 0)
})

test('one of two workers is killed: only its requests in flight fail, and nothing is refused', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const [victim = 0] = await up.pids('web')
  const clients = await load(t, { kind: 'get', port: app.port, clients: 30 })
  await clients.answers(200)

  kill(victim)

  await clients.answers(200)
  await until(async () => (await up.pids('web')).length === 2)
  const { outcomes, failures } = await clients.stop()
  const { ok: _, reset, ...others } = outcomes
  assert.deepEqual(others, { refused: 0, timeout: 0, wrongStatus: 0, unexpected: 0 })
  assert.ok(reset <= 30, `${reset} resets`)
  const elsewhere = failures.filter(({ worker }) => worker !== null && worker !== String(victim))
  assert.deepEqual(elsewhere, [])
})

test('while all workers are dead, connections wait and none is refused', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'slow-boot.mjs', { env: { BOOT_MS: '700' } })
  const pids = await up.pids('web')

  for (const pid of pids) kill(pid)
  await until(() => !pids.some(isAlive))
  const answers = await Promise.all(Array.from({ length: 20 }, () => get(app.port)))

  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
})

test('a start whose worker dies before it is ready shows its last lines', async (t) => {
  const up = upkeep(t)

  const result = await up.fails(70, 'start', testApp('throws-at-boot.mjs'))

  assert.match(result.stderr, /no database here/)
  assert.deepEqual(await up.list(), [])
})
