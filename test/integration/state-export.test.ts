// Moving a home: what one daemon wrote down, another one runs.
import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { processesWith } from '../support/processes.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

/** Closed in this order: the processes of the new home have to do with the folder of the old one. */
function homes(t: TestContext): [Upkeep, Upkeep] {
  return [upkeep(t), upkeep(t)]
}

function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels)
}

/** A home with one app that runs and one that was stopped, written down and left. */
async function exported(from: Upkeep): Promise<{ file: string; port: number }> {
  const app = await running(from, 'http.mjs', { instances: 2, env: { TOKEN: 'hidden-value' } })
  await running(from, 'http.mjs', { name: 'stopped', instances: 1 })
  await from.ok('stop', 'stopped')
  const file = join(from.folder, 'apps.json')
  const { stdout, stderr } = await from.ok('export', 'state', file)
  assert.equal(stdout, '')
  assert.match(stderr, /has 2 apps with the values of their environments/)
  await from.ok('daemon', 'stop')
  return { file, port: app.port }
}

test('what is exported runs in another home as it did, and what was stopped is stopped', async (t) => {
  const [to, from] = homes(t)
  const { file } = await exported(from)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.ok(!/"(pid|startTicks|worker)"/.test(readFileSync(file, 'utf8')))

  const { stdout } = await to.ok('import', 'state', file)

  assert.match(stdout, /web: started 2 instances/)
  assert.match(stdout, /stopped: imported; it is stopped, as it was/)
  assert.deepEqual(
    (await to.list()).map(({ name, state, wanted }) => [name, state, wanted]),
    [
      ['stopped', 'stopped', 'stopped'],
      ['web', 'running', 'running'],
    ],
  )
  await to.replaceDaemon()
  assert.equal((await to.list()).length, 2)
  const again = await to.ok('export', 'state')
  assert.deepEqual(JSON.parse(again.stdout), JSON.parse(readFileSync(file, 'utf8')))
})

test('a name that is taken imports nothing; with --merge it stays and the others come', async (t) => {
  const [to, from] = homes(t)
  const { file } = await exported(from)
  await running(to, 'http.mjs', { instances: 1 })
  const workers = await to.pids('web')

  const { stderr } = await to.fails(65, 'import', 'state', file)
  assert.match(stderr, /Cannot import web: there is an app of that name here already/)
  assert.equal((await to.list()).length, 1)
  const { stdout } = await to.ok('import', 'state', file, '--merge')

  assert.match(stdout, /web: not imported/)
  assert.deepEqual(await to.pids('web'), workers)
  assert.deepEqual(
    (await to.list()).map(({ name }) => name),
    ['stopped', 'web'],
  )
})

test('mistakes are told all at once, and nothing is imported', async (t) => {
  const [to, from] = homes(t)
  const { file } = await exported(from)
  const state = JSON.parse(readFileSync(file, 'utf8'))
  state.apps[0].spec.cwd = 'relative'
  state.apps[1].wanted = 'maybe'
  writeFileSync(file, JSON.stringify(state))

  const { stderr } = await to.fails(74, 'import', 'state', file)

  assert.match(stderr, /apps\[0\]\.spec\.cwd: must be an absolute path, got "relative"/)
  assert.match(stderr, /apps\[1\]\.wanted: must be one of/)
  assert.deepEqual(await to.list(), [])
})

test('without a daemon, the state on disk is exported, and nothing is started', async (t) => {
  const up = upkeep(t)
  const { file } = await exported(up)
  const before = readFileSync(join(up.home, 'state.json'), 'utf8')

  const { stdout } = await up.ok('export', 'state')

  assert.deepEqual(JSON.parse(stdout), JSON.parse(readFileSync(file, 'utf8')))
  assert.deepEqual(processesWith(up.folder), [])
  assert.equal(readFileSync(join(up.home, 'state.json'), 'utf8'), before)
})

test('a damaged state is exported from the last good copy, and left for the daemon to mend', async (t) => {
  const up = upkeep(t)
  const { file } = await exported(up)
  const path = join(up.home, 'state.json')
  const good = readFileSync(path, 'utf8')
  writeFileSync(`${path}.last`, good)
  writeFileSync(path, good.slice(0, -20))

  const { stdout, stderr } = await up.ok('export', 'state')

  assert.match(stderr, /state\.json is damaged: it is not complete; stopped, web as in the last good copy/)
  assert.deepEqual(JSON.parse(stdout), JSON.parse(readFileSync(file, 'utf8')))
  assert.equal(readFileSync(path, 'utf8'), good.slice(0, -20))
  assert.deepEqual(processesWith(up.folder), [])
})

test('a state of which nothing is left is no empty export', async (t) => {
  const up = upkeep(t)
  up.write('home/state.json', '{"version":2,"apps":[')

  const { stdout, stderr } = await up.fails(74, 'export', 'state')

  assert.equal(stdout, '')
  assert.match(stderr, /nothing of it can be used/)
})

test('where no daemon has ever been, there is nothing to export', async (t) => {
  const up = upkeep(t)

  const { stderr } = await up.fails(69, 'export', 'state')

  assert.match(stderr, /no daemon listens there/)
  assert.deepEqual(processesWith(up.folder), [])
})

for (const [what, text, problem] of [
  ['of a newer Upkeep', '{ "version": 99, "apps": [] }', /a newer Upkeep wrote it/],
  ['that is cut', '{ "version": 2, "apps": [', /it is not JSON, or not complete/],
  ['of 10,000 levels', nested(10_000), /it is nested deeper than 100 levels/],
  [
    'of 100,000 levels in a known place',
    `{"version":2,"apps":[{"spec":${nested(100_000)}}]}`,
    /nested deeper/,
  ],
  ['of another kind', '{ "name": "web" }', /it is not what "upkeep export state" writes/],
] as const) {
  test(`a file ${what} is refused`, async (t) => {
    const up = upkeep(t)

    const { stderr } = await up.fails(74, 'import', 'state', up.write('apps.json', text))

    assert.match(stderr, problem)
    assert.match(stderr, /Nothing was imported/)
  })
}

test('an app that cannot be started here keeps no other from it; the state.json of a lost machine will do', async (t) => {
  const [to, from] = homes(t)
  await running(from, 'http.mjs', { name: 'good', instances: 1 })
  await running(from, 'http.mjs', { name: 'bad', instances: 1 })
  await from.ok('daemon', 'stop')
  const state = JSON.parse(readFileSync(join(from.home, 'state.json'), 'utf8'))
  for (const { spec } of state.apps) if (spec.name === 'bad') spec.program = '/nowhere/node'

  const { status, stdout, stderr } = await to.run(
    'import',
    'state',
    to.write('s.json', JSON.stringify(state)),
  )

  assert.equal(status, 71, stderr)
  assert.match(stdout, /good: started 1 instance/)
  assert.match(stderr, /bad/)
  assert.deepEqual(
    (await to.list()).map(({ name }) => name),
    ['good'],
  )
})

test('a state of a newer Upkeep is refused and left as it is, and the workers go on', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  const workers = await up.pids('web')
  await up.killDaemon()
  const path = join(up.home, 'state.json')
  const good = readFileSync(path, 'utf8')
  const newer = good.replace(/"version":\d+/, '"version":99')
  writeFileSync(path, newer)

  const { stderr } = await up.fails(74, 'daemon', 'start')

  assert.match(stderr, /a newer Upkeep wrote it/)
  assert.equal(readFileSync(path, 'utf8'), newer)
  assert.equal((await app.get()).status, 200)
  writeFileSync(path, good)
  await up.ok('daemon', 'start')
  assert.deepEqual(await up.pids('web'), workers)
})

test('a state.json of version 1 is read, and written as the version of today', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const workers = await up.pids('web')
  await up.killDaemon()
  const path = join(up.home, 'state.json')
  const text = readFileSync(path, 'utf8').replace(/"version":\d+/, '"version":1')
  writeFileSync(path, text.replace(/"readyAfterMs":[^,}]+,?/g, ''))

  await up.ok('daemon', 'start')

  assert.deepEqual(await up.pids('web'), workers)
  assert.ok(!/Cannot read state/.test(up.report()))
  await until(() => /"version":2,.*"readyAfterMs":\d/.test(readFileSync(path, 'utf8')))
})
