// Workers in trouble: ended before they said a word, stopped, and more of them than anybody has.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { testApp } from '../support/package-root.ts'
import { isAlive, kill } from '../support/processes.ts'
import { appOf, running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

test('a worker that dies before its agent says hello: the start fails and says how it ended', async (t) => {
  const up = upkeep(t)
  const gate = join(up.folder, 'may-live')
  const app = await appOf(up, 'http.mjs', {
    instances: 1,
    env: { MAY_LIVE: gate },
    interpreterArgs: `--require=${testApp('dies-before-hello.cjs')}`,
  })

  const { stderr } = await up.fails(70, 'start', app.configure({}))
  assert.match(stderr, /SIGKILL/)
  assert.equal((await up.daemon()).workers, 0)
  writeFileSync(gate, '')
  await up.ok('start', app.configure({}))
  const [old = 0] = await up.pids('web')
  rmSync(gate)
  kill(old)

  // One that was started again, and ended in the same way.
  await until(async () => {
    const [instance] = await up.instances('web')
    return instance?.lastExit?.signal === 'SIGKILL' && instance.lastExit.pid !== old
  })
  writeFileSync(gate, '')
  await up.untilState('web', 'ready')
  assert.equal((await app.get()).status, 200)
})

test('a worker that is stopped with SIGSTOP is replaced by a reload, and another serves meanwhile', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 2, stop: { timeout: '1s' } })
  const [stopped = 0, other] = await up.pids('web')
  kill(stopped, 'SIGSTOP')

  for (let count = 0; count < 10; count++) assert.equal((await app.who()).pid, other)
  await up.ok('reload', 'web')

  assert.ok(!isAlive(stopped))
  assert.equal((await app.get()).status, 200)
})

test('a worker that was stopped for a while goes on where it was', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  const [pid = 0] = await up.pids('web')
  kill(pid, 'SIGSTOP')
  const answer = app.who()
  await up.replaceDaemon()

  kill(pid, 'SIGCONT')

  assert.equal((await answer).pid, pid)
  await app.get('/log?text=after')
  await until(async () => (await up.logs('web')).includes('after'))
  await up.ok('reload', 'web')
  assert.ok(!isAlive(pid))
})

test('log files go on in a new folder when theirs is removed', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  await app.get('/log?text=before')
  await until(async () => (await up.logs('web')).includes('before'))

  rmSync(join(up.home, 'logs'), { recursive: true })

  await until(async () => {
    await app.get('/log?text=after')
    return (await up.logs('web')).includes('after')
  })
  assert.ok(existsSync(join(up.home, 'logs', 'web', '0.out.log')))
})

test('a state of 500 workers, most of them gone, is adopted: what lives stays, what is gone is not waited for', async (t) => {
  const up = upkeep(t)
  const logs = { maxSize: '10KB' }
  const tiny = (name: string) => ({ name, script: '/bin/sleep', args: ['600'], ready: 'started', logs })
  await up.ok('start', up.config([{ ...tiny('living'), instances: 20 }, tiny('gone')]))
  const workers = await up.pids('living')
  await up.killDaemon()
  rememberMore(up, 'gone', 480)

  await up.ok('daemon', 'start')

  assert.deepEqual(await up.pids('living'), workers)
  const [gone] = await up.instances('gone')
  assert.equal(gone?.state, 'finished')
  assert.equal((await up.daemon()).workers, 20)
  assert.equal((await up.instances('gone')).length, 480)
})

interface State {
  apps: { spec: { name: string; instances: number }; instances: Record<string, unknown>[] }[]
}

/** Writes down that an app had so many workers, none of which runs. */
function rememberMore(up: Upkeep, name: string, count: number): void {
  const path = join(up.home, 'state.json')
  const state: State = JSON.parse(readFileSync(path, 'utf8'))
  const app = state.apps.find(({ spec }) => spec.name === name)
  const [first] = app?.instances ?? []
  if (app === undefined || first === undefined) throw new Error(`the state has no ${name}`)
  kill((first.worker as { pid: number }).pid)
  app.spec.instances = count
  app.instances = Array.from({ length: count }, (_, index) => ({
    ...first,
    index,
    state: 'finished',
    worker: { ...(first.worker as object), id: `${name}.${index}.0a`, startTicks: 1 },
  }))
  writeFileSync(path, JSON.stringify(state))
}
