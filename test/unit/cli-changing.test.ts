// Commands that change something, against a real server that speaks the protocol.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Failure } from '../../src/base/failure.ts'
import type { ApplyRequest } from '../../src/protocol/control.ts'
import { appStatus } from '../support/app-status.ts'
import { upkeepHere } from '../support/command-line.ts'
import type { Answer } from '../support/control-stub.ts'
import { answerJson, answerLines, controlStub, temporaryFolder } from '../support/control-stub.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

const DAEMON = { pid: 4711, protocol: 1 }
const END = { type: 'end', ok: true }

/** A daemon with one app that runs; operations answer with these events. */
function daemonWith(...events: readonly object[]): Answer {
  return (response, request) => {
    if (request.url === '/v1/daemon') return answerJson(DAEMON)(response, request)
    if (request.url === '/v1/apps') return answerJson({ apps: [appStatus()] })(response, request)
    return answerLines(...events)(response, request)
  }
}

for (const [line, body] of [
  ['stop web', { action: 'stop', targets: ['web'] }],
  ['restart web api', { action: 'restart', targets: ['web', 'api'] }],
  ['reload /^api-/', { action: 'reload', targets: ['/^api-/'] }],
  ['delete all', { action: 'delete', targets: ['all'] }],
  ['rm web', { action: 'delete', targets: ['web'] }],
  ['scale web -1', { action: 'scale', targets: ['web'], instances: '-1' }],
  ['scale web +2', { action: 'scale', targets: ['web'], instances: '+2' }],
  ['scale web max', { action: 'scale', targets: ['web'], instances: 'max' }],
  ['start web', { action: 'start', targets: ['web'] }],
  ['start /^w/', { action: 'start', targets: ['/^w/'] }],
  ['start all', { action: 'start', targets: ['all'] }],
] as const) {
  test(`upkeep ${line} asks for the operation`, async (t) => {
    const stub = await controlStub(t, daemonWith(END))

    const { status } = await upkeepHere({ home: stub.home }, ...line.split(' '))

    assert.equal(status, 0)
    const { url, body: asked } = stub.requests.at(-1) ?? {}
    assert.deepEqual([url, asked], ['/v1/operations', body])
  })
}

test('results are sentences with the time they took, each from the one before', async (t) => {
  const clock = new ManualClock()
  const stub = await controlStub(t, (response) => {
    response.writeHead(200)
    for (const [app, outcome, afterMs] of [
      ['web', 'reloaded', 2100],
      ['api', 'reloaded', 1000],
      ['jobs', 'unchanged', 500],
      ['cron', 'stopped', 20],
    ] as const) {
      clock.advance(afterMs)
      response.write(
        `${JSON.stringify({ type: 'result', app, ok: true, outcome, text: `${outcome}\x1b[2J; so it is` })}\n`,
      )
    }
    response.end(`${JSON.stringify(END)}\n`)
  })
  // All lines arrive at once, so all the time is the first one's.
  const { stdout } = await upkeepHere({ home: stub.home, clock }, 'reload', 'all')

  assert.equal(
    stdout,
    'web: reloaded in 3.6 s; so it is\napi: reloaded; so it is\njobs: unchanged; so it is\ncron: stopped; so it is\n',
  )
})

test('a failure is told with the last lines of the worker, and its status is that of the command', async (t) => {
  const error = {
    code: 'NOT_READY_IN_TIME',
    message: 'Cannot reload "web": it was not ready within 30s',
    hint: 'Raise ready.timeout',
    details: ['Error: \x1b[31mno database', '    at main.js:3'],
  }
  const stub = await controlStub(
    t,
    daemonWith(
      { type: 'result', app: 'api', ok: true, outcome: 'reloaded', text: 'reloaded 2 instances' },
      { type: 'result', app: 'web', ok: false, error },
      { type: 'end', ok: false },
    ),
  )

  const { status, stdout, stderr } = await upkeepHere({ home: stub.home }, 'reload', 'all')

  assert.equal(status, 75)
  assert.equal(stdout, 'api: reloaded 2 instances\n')
  assert.equal(
    stderr,
    'upkeep: web: Cannot reload "web": it was not ready within 30s\n' +
      '  Error: no database\n      at main.js:3\n  Raise ready.timeout\n',
  )
})

test('with --json the events themselves are printed, and nothing else', async (t) => {
  const events = [
    { type: 'step', app: 'web', instance: 0, text: 'waits' },
    {
      type: 'result',
      app: 'web',
      ok: false,
      error: { code: 'WORKER_EXITED', message: 'Cannot start "web"' },
    },
    { type: 'end', ok: false },
  ]
  const stub = await controlStub(t, daemonWith(...events))

  const { status, stdout, stderr } = await upkeepHere(
    { home: stub.home, columns: 80 },
    'stop',
    'web',
    '--json',
  )

  assert.equal(status, 70)
  assert.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    events,
  )
  assert.equal(stderr, '')
})

test('a command that is interrupted says that the daemon goes on', async (t) => {
  const controller = new AbortController()
  const stub = await controlStub(t, (response) => response.writeHead(200).write('\n'))

  const ended = upkeepHere({ home: stub.home, signal: controller.signal }, 'reload', 'web')
  await until(() => stub.requests.length > 0)
  controller.abort(new Failure('INTERRUPTED', 'Stopped waiting: what the daemon has begun goes on'))

  assert.deepEqual(await ended, {
    status: 130,
    stdout: '',
    stderr: 'upkeep: Stopped waiting: what the daemon has begun goes on\n',
  })
})

test('start with a script sends what is to run', async (t) => {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'server.js'), '')
  const stub = await controlStub(t, daemonWith(END))
  const words = ['start', 'server.js', '-i', '3', '--name', 'shop', '--', '--port', '0']

  const { status, stderr } = await upkeepHere(
    { home: stub.home, cwd, env: { PATH: process.env.PATH } },
    ...words,
  )

  assert.equal(status, 0, stderr)
  const { apps, source } = (stub.requests.at(-1) ?? assert.fail()).body as ApplyRequest
  assert.equal(source, null)
  assert.deepEqual(
    apps.map(({ name, script, instances, args }) => ({ name, script, instances, args })),
    [{ name: 'shop', script: join(cwd, 'server.js'), instances: 3, args: ['--port', '0'] }],
  )
})

test('start in a folder with a config applies it; diff and --dry-run only ask', async (t) => {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'server.js'), '')
  writeFileSync(join(cwd, 'upkeep.config.json'), '{ "apps": [{ "name": "web", "script": "server.js" }] }')
  const evil = '\x1b[2J'
  const field = { path: `instances${evil}`, from: `1${evil}`, to: `2${evil}` }
  const change = { app: `web${evil}`, change: 'scale', fields: [field] }
  const stub = await controlStub(t, (response, request) => {
    if (request.url === '/v1/diff') return answerJson({ changes: [change] })(response, request)
    return daemonWith(END)(response, request)
  })
  const around = { home: stub.home, cwd, env: { PATH: process.env.PATH } }
  const asked = async (...words: string[]) => {
    const result = await upkeepHere(around, ...words)
    assert.equal(result.status, 0, result.stderr)
    const { url, body } = stub.requests.at(-1) ?? {}
    const { apps, source, ...wishes } = body as ApplyRequest
    assert.equal(source, join(cwd, 'upkeep.config.json'))
    return { url, instances: apps[0]?.instances, wishes, stdout: result.stdout }
  }

  const started = await asked('start', '--prune', '--keep-going')
  assert.deepEqual([started.url, started.wishes], ['/v1/apply', { prune: true, keepGoing: true }])
  assert.equal((await asked('start', '-i', '4')).instances, 4)
  assert.equal((await asked('start', '--dry-run')).url, '/v1/diff')
  assert.equal((await asked('diff')).stdout, 'scale     web\n            instances: 1 -> 2\n')
})

test('what --keep-going leaves out is told, and counts for the status', async (t) => {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'server.js'), '')
  const apps = ['server.js', 'nowhere.js'].map((script) => ({ name: script.split('.')[0], script }))
  writeFileSync(join(cwd, 'upkeep.config.json'), JSON.stringify({ apps }))
  const stub = await controlStub(t, daemonWith(END))
  const around = { home: stub.home, cwd, env: { PATH: process.env.PATH } }

  const text = await upkeepHere(around, 'start', '--keep-going')
  const json = await upkeepHere(around, 'start', '--keep-going', '--json')

  assert.deepEqual([text.status, json.status], [66, 66])
  assert.match(text.stderr, /^upkeep: Cannot start app "nowhere"/)
  const [first] = json.stdout.split('\n')
  assert.equal(JSON.parse(first ?? '').error.code, 'SCRIPT_NOT_FOUND')
  assert.equal((stub.requests.at(-1)?.body as ApplyRequest | undefined)?.apps.length, 1)
})

test('diff without a daemon says that all would be started', async (t) => {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'server.js'), '')
  writeFileSync(join(cwd, 'upkeep.config.json'), '{ "apps": [{ "name": "web", "script": "server.js" }] }')

  const { status, stdout, stderr } = await upkeepHere({ cwd, env: { PATH: process.env.PATH } }, 'diff')

  assert.deepEqual([status, stdout], [0, 'start     web\n'])
  assert.equal(stderr, 'No daemon runs; it would be started.\n')
})

test('a config and options of a script do not go together', async (t) => {
  const cwd = temporaryFolder(t)
  const apps = ['web', 'api'].map((name) => ({ name, script: 'server.js' }))
  writeFileSync(join(cwd, 'server.js'), '')
  writeFileSync(join(cwd, 'upkeep.config.json'), JSON.stringify({ apps }))
  const said = async (...words: string[]) => {
    const { status, stderr } = await upkeepHere({ cwd, env: { PATH: process.env.PATH } }, 'start', ...words)
    assert.equal(status, 64)
    return stderr.split('\n')[0]
  }

  assert.equal(await said('--name', 'shop'), 'upkeep: Cannot combine a config with options of a script')
  assert.equal(await said('--', '--port', '0'), 'upkeep: Cannot combine a config with options of a script')
  assert.equal(await said('-i', '2'), 'upkeep: Cannot use --instances with a config of 2 apps')
  assert.match(
    (await said('a.js', 'b.js')) ?? '',
    /Cannot start "a.js", "b.js": one script or config at a time/,
  )
})

test('config shows what is resolved and hides secrets', async (t) => {
  const cwd = temporaryFolder(t)
  writeFileSync(join(cwd, 'server.js'), '')
  const app = { name: 'web', script: 'server.js', env: { DATABASE_PASSWORD: 'hunter2' } }
  writeFileSync(join(cwd, 'upkeep.config.json'), JSON.stringify({ apps: [app] }))
  const around = { cwd, env: { PATH: process.env.PATH } }

  const text = await upkeepHere(around, 'config')
  const json = await upkeepHere(around, 'config', '--json')
  const open = await upkeepHere(around, 'config', '--json', '--show-secrets')

  assert.match(text.stdout, /^apps:\n {2}- name: web\n/)
  assert.doesNotMatch(text.stdout + json.stdout, /hunter2/)
  const read = (result: { stdout: string }) => JSON.parse(result.stdout).apps[0].env.DATABASE_PASSWORD
  assert.deepEqual([read(json), read(open)], ['[secret]', 'hunter2'])
})

for (const [name, hint] of [
  ['wbe', 'Did you mean "web"?'],
  ['worker-of-it', '"upkeep start" alone starts the apps of upkeep.config.json'],
] as const) {
  test(`start ${name}, which is no file: ${hint}`, async (t) => {
    const stub = await controlStub(t, daemonWith())
    const cwd = temporaryFolder(t)
    writeFileSync(join(cwd, 'upkeep.config.json'), '{}')

    const { status, stderr } = await upkeepHere({ home: stub.home, cwd }, 'start', name)

    assert.equal(status, 66)
    assert.ok(stderr.endsWith(`\n  ${hint}\n`), stderr)
  })
}

test('flush empties all logs, or those of some apps', async (t) => {
  const stub = await controlStub(t, answerJson({ apps: ['web', 'api'] }))

  const all = await upkeepHere({ home: stub.home }, 'flush')
  await upkeepHere({ home: stub.home }, 'flush', 'web', '--json')

  assert.equal(all.stdout, 'web: logs emptied\napi: logs emptied\n')
  assert.deepEqual(
    stub.requests.map(({ body }) => body),
    [{ targets: ['all'] }, { targets: ['web'] }],
  )
})

test('daemon stop without a daemon is done already', async () => {
  assert.deepEqual(await upkeepHere({}, 'daemon', 'stop'), {
    status: 0,
    stdout: '',
    stderr: 'No daemon runs.\n',
  })
})

test('daemon start finds the one that runs', async (t) => {
  const { home } = await controlStub(t, answerJson(DAEMON))

  assert.equal(
    (await upkeepHere({ home }, 'daemon', 'start')).stdout,
    'The daemon runs already with pid 4711\n',
  )
})
