// A home in which something is not as the daemon left it: what can be used is used, and the rest is told.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { isAlive, kill } from '../support/processes.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

interface State {
  version: unknown
  apps: { spec: { name: string } }[]
}

function damageState(up: Upkeep, damage: (state: State) => unknown): void {
  const state: State = JSON.parse(readFileSync(`${up.home}/state.json`, 'utf8'))
  up.write('home/state.json', JSON.stringify(damage(state)))
}

for (const [what, damage, problem] of [
  ['no record', ({ apps }) => ({ version: 1, apps: [null, ...apps.slice(1)] }), /apps\[0\]: must be/],
  [
    'a record of nothing',
    ({ apps }) => ({ version: 1, apps: [{}, ...apps.slice(1)] }),
    /apps\[0\]\.spec: is/,
  ],
  ['a version that is text', ({ apps }) => ({ version: '1', apps }), /version: must be a number from 1 to 2/],
  [
    'a name that is a path',
    ({ apps }) => ({
      version: 1,
      apps: apps.map((app) => ({ ...app, spec: { ...app.spec, name: '../../x' } })),
    }),
    /name: must not contain slashes/,
  ],
] as readonly [string, (state: State) => unknown, RegExp][]) {
  test(`a state.json with ${what}: the daemon begins, and the apps go on`, async (t) => {
    const up = upkeep(t)
    await running(up, 'http.mjs', { name: 'first', instances: 1 })
    await running(up, 'http.mjs', { name: 'second', instances: 1 })
    const pids = [...(await up.pids('first')), ...(await up.pids('second'))]
    await up.killDaemon()
    damageState(up, damage)

    await up.ok('daemon', 'start')

    assert.match(up.report(), problem)
    assert.match(up.report(), /first.* from the last good copy/)
    assert.deepEqual([...(await up.pids('first')), ...(await up.pids('second'))], pids)
  })
}

for (const [what, damage] of [
  ['is cut in the middle', (text) => text.slice(0, text.length / 2)],
  ['is empty', () => ''],
  ['has zeroes in its place, as after a power cut', (text) => '\0'.repeat(text.length)],
  ['has other bytes in its place', (text) => randomBytes(text.length)],
  ['is nested without end', () => '['.repeat(100_000)],
  ['is nested 100,000 levels', () => '['.repeat(100_000) + ']'.repeat(100_000)],
] as readonly [string, (text: string) => string | Buffer][]) {
  test(`a state.json that ${what}: the daemon has all apps from the last good copy`, async (t) => {
    const up = upkeep(t)
    await running(up, 'http.mjs', { name: 'first', instances: 1 })
    await running(up, 'http.mjs', { name: 'second', instances: 1 })
    const pids = [...(await up.pids('first')), ...(await up.pids('second'))]
    await up.killDaemon()
    const path = `${up.home}/state.json`
    const good = readFileSync(path, 'utf8')
    writeFileSync(`${path}.last`, good)
    writeFileSync(path, damage(good))

    await up.ok('daemon', 'start')

    assert.match(up.report(), /took first, second from the last good copy/)
    assert.deepEqual([...(await up.pids('first')), ...(await up.pids('second'))], pids)
    await until(() => readFileSync(path, 'utf8').startsWith('{"version":'))
  })
}

test('what a daemon has left that was killed while it wrote the state is removed', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs')
  await up.killDaemon()
  up.write('home/state.json.4711.tmp', '{"version":1,"apps":[')
  up.write('home/state.json.mine.tmp', '')

  await up.ok('daemon', 'start')

  const left = readdirSync(up.home).filter((name) => name.endsWith('.tmp'))
  assert.deepEqual(left, ['state.json.mine.tmp'])
})

test('a state of which nothing is left does not end the workers that run', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const [worker = 0] = await up.pids('web')
  await up.killDaemon()
  up.write('home/state.json', '{}')
  rmSync(`${up.home}/state.json.last`)

  await up.ok('daemon', 'start')

  assert.match(up.report(), /began without apps/)
  assert.match(up.report(), new RegExp(`Left alone.*\\b${worker}\\b`))
  assert.equal(readFileSync(`${up.home}/state.json.broken`, 'utf8'), '{}')
  assert.ok(isAlive(worker))
  kill(worker)
})

test('a state that could not be written is written as soon as it can be, without another change', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const inTheWay = `${up.home}/state.json.${(await up.daemon()).pid}.tmp`
  mkdirSync(inTheWay)
  await up.ok('stop', 'web')
  await until(() => /Cannot write .*state.json: EISDIR/.test(up.report()))

  rmdirSync(inTheWay)

  await until(() => readFileSync(`${up.home}/state.json`, 'utf8').includes('"wanted":"stopped"'))
  await until(() => /State is written again/.test(up.report()))
})

for (const socket of ['agent.sock', 'upkeep.sock']) {
  test(`a daemon that cannot begin because of ${socket} ends, and costs nothing`, async (t) => {
    const up = upkeep(t)
    const app = await running(up, 'http.mjs', { instances: 1 })
    const workers = await up.pids('web')
    await up.killDaemon()
    rmSync(`${up.home}/${socket}`)
    mkdirSync(`${up.home}/${socket}`)

    const { stderr } = await up.fails(77, 'daemon', 'run')

    assert.match(stderr, /something else is there/)
    assert.equal((await app.get()).status, 200)
    rmdirSync(`${up.home}/${socket}`)
    await up.ok('daemon', 'start')
    assert.deepEqual(await up.pids('web'), workers)
  })
}
