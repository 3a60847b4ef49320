import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameOf, parseState, renderState, substitutes } from '../../src/daemon/state/parse-state.ts'
import type { AppRecord } from '../../src/supervisor/app/app.ts'
import { appSpec, exitReport } from '../support/app-status.ts'

function recordOf(name: string): AppRecord {
  const spec = appSpec({ name })
  const worker = {
    id: `${name}.0.0123456789abcdef`,
    pid: 4711,
    startTicks: 99,
    startedAtMs: 1000,
    readyAtMs: null,
    readyAfterMs: null,
    addresses: [['tcp/3000', '127.0.0.1:3000']] as [string, string][],
  }
  const lastExit = exitReport({ code: null, signal: 'SIGKILL', uptimeMs: -1, reason: '' })
  const instance = {
    index: 0,
    state: 'ready',
    spec,
    worker,
    others: [worker],
    restarts: 1,
    lastExit,
  } as const
  return { spec, wanted: 'running', source: null, hasListened: true, instances: [instance] }
}

function stateOf(...apps: readonly unknown[]) {
  return parseState(JSON.stringify({ version: 2, apps }))
}

const web = recordOf('web')
const jobs = recordOf('jobs')

/** The instance of `web` with something else in it. */
function instanceWith(changes: object): object {
  return { ...web, instances: [{ ...web.instances[0], ...changes }] }
}

function workerWith(changes: object): object {
  return instanceWith({ worker: { ...web.instances[0]?.worker, ...changes } })
}

test('what is written is what is read', () => {
  assert.deepEqual(parseState(renderState([web, jobs])), {
    apps: [web, jobs],
    lost: [],
    problems: [],
    isNewer: false,
  })
})

for (const [damaged, problem] of [
  [null, 'apps[0]: must be an object, got null'],
  [{}, 'apps[0].spec: is missing: must be an object'],
  [{ ...web, wanted: 'maybe' }, 'apps[0].wanted: must be one of "running", "stopped", got "maybe"'],
  [{ ...web, spec: { ...web.spec, name: '../../x' } }, 'apps[0].spec.name: must not contain slashes'],
  [{ ...web, spec: { ...web.spec, cwd: 'srv' } }, 'apps[0].spec.cwd: must be an absolute path, got "srv"'],
  [{ ...web, instances: [null] }, 'apps[0].instances[0]: must be an object, got null'],
  [{ ...web, instances: [web.instances[0], web.instances[0]] }, 'apps[0].instances: two have the same index'],
  [
    instanceWith({ spec: { ...web.spec, isNode: 1 } }),
    'apps[0].instances[0].spec.isNode: must be true or false, got 1',
  ],
  [
    instanceWith({ state: 'happy' }),
    'apps[0].instances[0].state: must be one of "stopped", "starting", "ready", "replacing", "stopping", "waiting", "finished", "failed", got "happy"',
  ],
  [
    workerWith({ pid: 1 }),
    'apps[0].instances[0].worker.pid: must be a whole number from 2 to 9007199254740991, got 1',
  ],
  [
    workerWith({ id: '../web.0.ab' }),
    'apps[0].instances[0].worker.id: must be the id of a worker, got "../web.0.ab"',
  ],
  [
    workerWith({ addresses: [['tcp']] }),
    'apps[0].instances[0].worker.addresses[0]: must be two texts, got a list',
  ],
  [instanceWith({ lastExit: 'crash' }), 'apps[0].instances[0].lastExit: must be an object, got "crash"'],
] as const) {
  test(`a damaged record is told and left out, the others stay: ${problem}`, () => {
    const { apps, problems } = stateOf(damaged, jobs)

    assert.deepEqual(apps.map(nameOf), ['jobs'])
    assert.equal(problems[0], problem)
  })
}

test('of two records with one name, the first is used', () => {
  const { apps, lost, problems } = stateOf(web, { ...web, wanted: 'stopped' })

  assert.deepEqual(apps, [web])
  assert.deepEqual([lost, problems], [[], ['apps[1]: another one is named "web"']])
})

for (const [text, problem] of [
  ['{ "version": 1, "apps": [', 'it is not complete'],
  ['null', 'it has another form'],
  ['{ "version": 1 }', 'it has another form'],
  ['{ "version": "1", "apps": [] }', 'version: must be a number from 1 to 2, got "1"'],
  ['{ "version": 0, "apps": [] }', 'version: must be a number from 1 to 2, got 0'],
  ['{ "apps": [] }', 'version: must be a number from 1 to 2, got undefined'],
] as const) {
  test(`nothing of this is used: ${text}`, () => {
    assert.deepEqual(parseState(text), { apps: [], lost: [undefined], problems: [problem], isNewer: false })
  })
}

test('a state of version 1 is read: how long a worker took to become ready is worked out', () => {
  const [instance] = web.instances
  const { readyAfterMs: _, ...worker } = { ...instance?.worker, startedAtMs: 1000, readyAtMs: 1500 }
  const { readyAfterMs: __, ...other } = instance?.others[0] ?? {}
  const older = { ...web, instances: [{ ...instance, worker, others: [other] }] }

  const { apps, problems } = parseState(JSON.stringify({ version: 1, apps: [older, null] }))

  assert.equal(apps[0]?.instances[0]?.worker?.readyAfterMs, 500)
  assert.equal(apps[0]?.instances[0]?.others[0]?.readyAfterMs, null)
  assert.deepEqual(problems, ['apps[1]: must be an object, got null'])
})

test('a state of a newer version is no damaged one', () => {
  assert.equal(parseState('{ "version": 3, "apps": [] }').isNewer, true)
})

test('the last good copy stands for what is damaged, not for what was deleted', () => {
  const older = stateOf(web, jobs, recordOf('deleted'))
  const namesFor = (...apps: readonly unknown[]) => substitutes(stateOf(...apps), older).map(nameOf)

  assert.deepEqual(namesFor({ ...web, wanted: 1 }, jobs), ['web'])
  assert.deepEqual(namesFor(web), [])
  // Of a record without a name nobody can tell whose it was.
  assert.deepEqual(namesFor(null, jobs), ['web', 'deleted'])
  assert.deepEqual(substitutes(parseState('{'), older), older.apps)
})
