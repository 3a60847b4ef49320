// The daemon is in the path of no request and of no life: when it dies, nothing happens.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LoadKind } from '../support/load/load.ts'
import { load, lost, NO_OUTCOMES } from '../support/load/load.ts'
import { allText } from '../support/logs.ts'
import { isAlive, kill } from '../support/processes.ts'
import type { RunningApp } from '../support/running-app.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

for (const kind of ['get', 'connection'] as const satisfies readonly LoadKind[]) {
  test(`SIGKILL of the daemon under load fails nothing; the next one adopts, and reloads without loss: ${kind}`, async (t) => {
    const up = upkeep(t)
    const { port } = await running(up, 'http.mjs')
    const workers = await up.pids('web')
    const clients = await load(t, { kind, port })
    await clients.answers(100)

    await up.replaceDaemon()
    await clients.answers(100)
    assert.deepEqual(await up.pids('web'), workers)
    await up.ok('reload', 'web')
    await clients.answers(100)

    const { outcomes, failures } = await clients.stop()
    assert.deepEqual(outcomes, { ...NO_OUTCOMES, ok: outcomes.ok }, JSON.stringify(failures))
    assert.deepEqual(workers.filter(isAlive), [])
  })
}

test('an adopted app can be scaled, stopped and started', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const workers = await up.pids('web')
  await up.replaceDaemon()

  await up.ok('scale', 'web', '3')
  assert.deepEqual((await up.pids('web')).slice(0, 2), workers)
  await up.ok('stop', 'web')
  assert.deepEqual(workers.filter(isAlive), [])
  await up.ok('start', 'web')

  assert.equal((await app.get()).status, 200)
})

test('the next command that changes something needs nothing before it', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const workers = await up.pids('web')
  const clients = await load(t, { kind: 'get', port: app.port })

  await up.killDaemon()
  await up.ok('reload', 'web')
  await clients.answers(50)

  const { outcomes, failures } = await clients.stop()
  assert.equal(lost(outcomes), 0, JSON.stringify(failures))
  assert.deepEqual(workers.filter(isAlive), [])
})

test('what died together with the daemon is started again', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const [victim = 0, survivor] = await up.pids('web')

  await up.killDaemon()
  kill(victim)
  await up.ok('daemon', 'start')

  await until(async () => (await up.app('web')).state === 'running', { within: '15s' })
  const after = await up.pids('web')
  assert.equal(after.length, 2)
  assert.ok(!after.includes(victim))
  assert.ok(after.includes(survivor ?? 0))
  assert.equal((await app.get()).status, 200)
})

test('an adopted worker that crashes is started again', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  await up.replaceDaemon()
  const [victim = 0] = await up.pids('web')

  kill(victim)

  await until(async () => (await app.who()).pid !== victim)
  await up.untilState('web', 'ready')
})

test('while all adopted workers are dead, connections wait and none is refused', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'slow-boot.mjs', { env: { BOOT_MS: '700' } })
  await up.replaceDaemon()
  const pids = await up.pids('web')

  for (const pid of pids) kill(pid)
  await until(() => !pids.some(isAlive))
  const answers = await Promise.all(Array.from({ length: 10 }, () => app.get()))

  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200])
})

test('a reload that the death of the daemon interrupted leaves the app complete', async (t) => {
  const up = upkeep(t)
  const mayBoot = join(up.folder, 'may-boot')
  writeFileSync(mayBoot, '')
  const app = await running(up, 'boots-when-told.mjs', { instances: 2, env: { MAY_BOOT: mayBoot } })
  const clients = await load(t, { kind: 'get', port: app.port })
  rmSync(mayBoot)
  const reload = up.run('reload', 'web')
  await until(async () => (await up.instances('web')).some(({ state }) => state === 'replacing'))

  await up.killDaemon()

  assert.notEqual((await reload).status, 0)
  await up.ok('daemon', 'start')
  writeFileSync(mayBoot, '')
  await until(async () => (await up.app('web')).state === 'running', { within: '15s' })
  assert.equal((await up.pids('web')).length, 2)
  await clients.answers(100)
  const { outcomes, failures } = await clients.stop()
  assert.equal(lost(outcomes), 0, JSON.stringify(failures))
})

test('lines that are written while no daemon lives are in the log, in order', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  await app.get('/log?text=before')

  await up.killDaemon()
  for (let number = 0; number < 50; number++) await app.get(`/log?text=gap-${number}`)
  await up.ok('daemon', 'start')

  const lines = await until(async () => {
    const found = (await up.logs('web')).match(/gap-\d+/g) ?? []
    return found.length >= 50 && found
  })
  assert.deepEqual(
    lines,
    Array.from({ length: 50 }, (_, number) => `gap-${number}`),
  )
})

for (const [how, signal, padding] of [
  ['the daemon is dead, and all fits into the pipe', 'SIGKILL', 10],
  ['the daemon is dead, and the pipe is full', 'SIGKILL', 5000],
  ['the daemon reads no more and is killed then', 'SIGSTOP', 10],
] as const) {
  test(`what a worker says last is in the log: ${how}`, async (t) => {
    const up = upkeep(t)
    const app = await running(up, 'http.mjs', { instances: 1 })
    const { pid: worker } = await app.who()
    const { pid } = await up.daemon()
    const wanted = Array.from({ length: 50 }, (_, number) => `gap-${number}-${'x'.repeat(padding)}`)

    kill(pid, signal)
    if (signal === 'SIGKILL') await until(() => !isAlive(pid))
    for (const text of wanted) await app.get(`/log?text=${text}`)
    await app.get('/exit').catch(() => {})
    await until(() => !isAlive(worker))
    kill(pid)
    await until(() => !isAlive(pid))
    await up.ok('daemon', 'start')
    await up.untilState('web', 'ready')

    const text = allText(join(up.home, 'logs'), '0.out')
    assert.deepEqual(text.match(/gap-.*/g), wanted)
    assert.deepEqual(
      readdirSync(join(up.home, 'run')).filter((name) => name.endsWith('.rest')),
      [],
    )
  })
}

for (const command of [['reload'], ['stop'], ['scale', '1']] as const) {
  const [name, ...count] = command
  test(`what workers have in hand is answered when the daemon is killed in the middle of a ${name}`, async (t) => {
    const up = upkeep(t)
    const app = await running(up, 'http.mjs', { instances: 2 })
    const begun = await Promise.all(Array.from({ length: 10 }, () => beginPost(app)))
    const interrupted = up.run(name, 'web', ...count)
    await until(async () => (await drainingPids(up)).length > 0)

    await up.replaceDaemon()
    await interrupted
    assert.notDeepEqual(await drainingPids(up), [])
    const statuses = await Promise.all(begun.map((finish) => finish()))

    assert.deepEqual([...new Set(statuses)], [200])
    await until(async () => (await drainingPids(up)).length === 0, { within: '20s' })
    assert.equal((await up.daemon()).workers, { reload: 2, stop: 0, scale: 1 }[name])
  })
}

test('a worker that the daemon replaced and died before it wrote that down is replaced again at once', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  const [old = 0] = await up.pids('web')
  const finish = await beginPost(app)
  const interrupted = up.run('reload', 'web')
  await until(async () => (await drainingPids(up)).includes(old))
  await up.killDaemon()
  await interrupted
  swapWorkers(up)

  await up.ok('daemon', 'start')

  await until(async () => !(await up.pids('web')).includes(old))
  await up.untilState('web', 'ready')
  assert.equal((await app.get()).status, 200)
  assert.ok(isAlive(old))
  assert.equal(await finish(), 200)
})

/** A request that a worker has begun; it is answered when it is finished. */
async function beginPost({ port }: RunningApp): Promise<() => Promise<number | undefined>> {
  const headers = { expect: '100-continue', 'content-length': 1 }
  const post = http.request({ port, method: 'POST', agent: false, headers })
  const answered = new Promise<number | undefined>((resolve, reject) => {
    post.once('error', reject)
    post.once('response', (response) => response.resume().once('end', () => resolve(response.statusCode)))
  })
  answered.catch(() => {})
  const begun = new Promise<void>((resolve) => void post.once('continue', resolve))
  post.flushHeaders()
  await Promise.race([begun, answered])
  return () => {
    post.end('x')
    return answered
  }
}

async function drainingPids(up: Upkeep): Promise<number[]> {
  const instances = await up.instances('web')
  return instances.flatMap(({ state, pid, drainingPids }) =>
    state === 'stopping' ? [...drainingPids, pid ?? 0] : drainingPids,
  )
}

/** What stood there before the new worker took over. */
function swapWorkers(up: Upkeep): void {
  const path = join(up.home, 'state.json')
  const state = JSON.parse(readFileSync(path, 'utf8'))
  const [instance] = state.apps[0].instances
  const { worker, others } = instance
  Object.assign(instance, { state: 'replacing', worker: others[0], others: [worker] })
  writeFileSync(path, JSON.stringify(state))
}
