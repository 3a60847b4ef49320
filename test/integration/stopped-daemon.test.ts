// A daemon that is there and does nothing: commands say so and do not wait for ever.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAlive, kill } from '../support/processes.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { upkeep } from '../support/upkeep.ts'

test('commands tell which daemon does not answer, and go on when it does again', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  const { pid } = await up.daemon()
  kill(pid, 'SIGSTOP')
  // One that is stopped could not be asked to end.
  t.after(() => kill(pid, 'SIGCONT'))

  const results = await Promise.all([
    up.run('list'),
    up.run('reload', 'web'),
    up.run('logs', 'web', '-f'),
    up.run('daemon', 'stop'),
  ])

  for (const { status, stderr } of results) {
    assert.equal(status, 69, stderr)
    assert.match(stderr, new RegExp(`the daemon \\(pid ${pid}\\): it does not answer within 5 s`))
    assert.match(stderr, new RegExp(`kill -CONT ${pid}`))
  }
  assert.equal((await app.get()).status, 200)
  kill(pid, 'SIGCONT')
  await up.untilState('web', 'ready')
})

test('what happened while a daemon was stopped is made up for when it goes on', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 2 })
  const [killed = 0, other = 0] = await up.pids('web')
  const { pid } = await up.daemon()
  kill(pid, 'SIGSTOP')
  t.after(() => kill(pid, 'SIGCONT'))

  kill(killed)
  await until(() => !isAlive(killed))
  for (let number = 0; number < 50; number++) {
    const { status } = await app.get(`/log?text=meanwhile-${number}-`)
    assert.equal(status, 200)
  }
  // Longer than a command waits for it.
  await up.fails(69, 'list')
  assert.equal((await app.get()).status, 200)
  kill(pid, 'SIGCONT')

  const now = await until(async () => {
    const pids = await up.pids('web')
    return pids.length === 2 && !pids.includes(killed) && pids
  })
  await up.untilState('web', 'ready')
  assert.ok(now.includes(other), 'the worker that served stays')
  assert.equal((await up.daemon()).pid, pid)
  await until(async () => {
    const shown = await up.logs('web')
    return Array.from({ length: 50 }, (_, number) => shown.split(`meanwhile-${number}-`).length === 2).every(
      Boolean,
    )
  })
})

test('a daemon that stays stopped can be killed, and the next one has its apps', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const workers = await up.pids('web')
  const { pid } = await up.daemon()
  kill(pid, 'SIGSTOP')

  await up.fails(69, 'daemon', 'start')
  kill(pid)
  await until(() => !isAlive(pid))
  await up.ok('daemon', 'start')

  assert.deepEqual(await up.pids('web'), workers)
})
