// Commands that meet each other, and daemons that die in the middle of one.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { UpkeepClient } from '../../src/client/upkeep-client.ts'
import type { OperationEvent } from '../../src/protocol/control.ts'
import { isAlive } from '../support/processes.ts'
import { appOf, running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

for (const action of ['restart', 'reload', 'start', 'delete'] as const) {
  test(`${action} in the middle of a delete leaves no worker behind`, async (t) => {
    const up = upkeep(t)
    const { workers, letThemEnd } = await slowToStop(up)
    const client = new UpkeepClient({ home: up.home })
    const deleting = up.spawn({}, 'delete', 'web')
    await untilStopping(up)

    const events: OperationEvent[] = []
    const ended = client.operate(
      { action, targets: ['web'] },
      { onEvent: (event) => void events.push(event) },
    )
    // Answered after the request before it was taken.
    await client.apps()
    letThemEnd()

    assert.equal(await ended, false)
    const [result] = events.filter((event) => event.type === 'result')
    assert.ok(result?.ok === false && result.error.code === 'APP_NOT_FOUND', JSON.stringify(events))
    assert.equal((await deleting.ended).status, 0)
    assert.deepEqual(await up.list(), [])
    assert.equal((await up.daemon()).workers, 0)
    assert.deepEqual(workers.filter(isAlive), [])
  })
}

test('an old worker that dies while the output of a failed new one is still open is started again', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'dies-after-old.mjs', { instances: 1 })
  const [old = 0] = await up.pids('web')

  const result = await up.run('start', app.configure({ env: { OLD_PID: String(old) } }))

  assert.equal(result.status, 70, result.stderr)
  await until(() => !isAlive(old))
  await up.untilState('web', 'ready')
  assert.notEqual(Number((await app.get()).body), old)
})

test('Ctrl-C while the daemon stops its workers: they are stopped and it leaves', async (t) => {
  const up = upkeep(t)
  const { workers, letThemEnd } = await slowToStop(up)
  const { pid } = await up.daemon()
  const { child, ended } = up.spawn({}, 'daemon', 'stop')
  await untilStopping(up)

  child.kill('SIGINT')
  child.kill('SIGINT')
  await ended
  letThemEnd()

  await until(() => !isAlive(pid), { within: '10s' })
  assert.deepEqual(workers.filter(isAlive), [])
})

test('a daemon killed in the middle of a stop: the next one finishes the stop', async (t) => {
  const up = upkeep(t)
  const { workers, letThemEnd } = await slowToStop(up)
  const { ended } = up.spawn({}, 'stop', 'web')
  await untilStopping(up)

  await up.replaceDaemon()
  await ended
  letThemEnd()

  await until(async () => (await up.app('web')).state === 'stopped', { within: '10s' })
  assert.equal((await up.app('web')).wanted, 'stopped')
  assert.deepEqual(workers.filter(isAlive), [])
})

test('a daemon killed in the middle of a restart: the next one finishes the restart', async (t) => {
  const up = upkeep(t)
  const { workers, letThemEnd } = await slowToStop(up)
  const { ended } = up.spawn({}, 'restart', 'web')
  await untilStopping(up)

  await up.replaceDaemon()
  await ended
  letThemEnd()

  await up.untilState('web', 'ready')
  assert.deepEqual(workers.filter(isAlive), [])
})

for (const command of ['stop', 'delete']) {
  test(`${command} does not wait for a start that waits for a worker to become ready`, async (t) => {
    const up = upkeep(t)
    const app = await appOf(up, 'never-ready.mjs', {
      instances: 1,
      ready: { timeout: '45s', when: 'listening' },
    })
    const starting = up.spawn({}, 'start', app.configure({}))
    await until(async () => (await up.list()).length === 1 && (await up.pids('web')).length === 1)
    const [worker = 0] = await up.pids('web')

    await up.ok(command, 'web')

    const { status, stderr } = await starting.ended
    assert.equal(status, 65, stderr)
    assert.match(stderr, /it was stopped meanwhile/)
    assert.ok(!isAlive(worker))
  })
}

test('stop in the middle of a reload ends both workers, and the reload says why it did not finish', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'slow-boot.mjs', { instances: 2, env: { BOOT_MS: '1000' } })
  const reloading = up.spawn({}, 'reload', 'web')
  await until(async () => (await up.instances('web')).some(({ state }) => state === 'replacing'))

  await up.ok('stop', 'web')

  assert.match((await reloading.ended).stderr, /it was stopped meanwhile/)
  assert.equal((await up.app('web')).state, 'stopped')
  assert.equal((await up.daemon()).workers, 0)
  await assert.rejects(app.get())
})

/** Workers that serve on when they are asked to end, until they are let. */
async function slowToStop(up: Upkeep): Promise<{ workers: number[]; letThemEnd: () => void }> {
  const gate = join(up.folder, 'may-end')
  await running(up, 'ends-when-told.mjs', { stop: { timeout: '60s' }, env: { MAY_END: gate } })
  return { workers: await up.pids('web'), letThemEnd: () => writeFileSync(gate, '') }
}

async function untilStopping(up: Upkeep): Promise<void> {
  await until(async () => (await up.instances('web')).every(({ state }) => state === 'stopping'))
}
