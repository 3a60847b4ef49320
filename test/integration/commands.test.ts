import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { testApp } from '../support/package-root.ts'
import { commandOf, environmentOf, isAlive } from '../support/processes.ts'
import { get } from '../support/request.ts'
import { appOf, running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { upkeep } from '../support/upkeep.ts'

test('a script is started on several instances, and each knows its number', async (t) => {
  const up = upkeep(t)
  const port = await freePort()

  const result = await up.okWith(
    { env: { PORT: String(port) } },
    ...['start', testApp('http.mjs'), '-i', '2', '--name', 'web', '--', '--fast', 'two words'],
  )

  assert.match(result.stdout + result.stderr, /web/)
  const instances = await up.instances('web')
  assert.deepEqual(
    instances.map(({ instance, state }) => ({ instance, state })),
    [
      { instance: 0, state: 'ready' },
      { instance: 1, state: 'ready' },
    ],
  )
  const environments = instances.map(({ pid }) => environmentOf(pid ?? 0))
  assert.deepEqual(
    environments.map(({ UPKEEP_INSTANCE }) => UPKEEP_INSTANCE),
    ['0', '1'],
  )
  assert.deepEqual(
    environments.map(({ NODE_APP_INSTANCE }) => NODE_APP_INSTANCE),
    ['0', '1'],
  )
  assert.deepEqual(
    environments.map(({ NODE_ENV }) => NODE_ENV),
    ['production', 'production'],
  )
  const who = (await get(port)).json<{ args: string[]; cwd: string; node: string }>()
  assert.deepEqual(who.args, ['--fast', 'two words'])
  assert.equal(who.cwd, up.folder)
  assert.equal(who.node, process.version)
})

test('the process is recognisable in ps', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })

  const [pid = 0] = await up.pids('web')

  assert.match(commandOf(pid), /http\.mjs/)
  assert.match(commandOf((await up.daemon()).pid), /upkeep/i)
})

test('-i max is one worker per core, a negative number leaves cores free', async (t) => {
  const up = upkeep(t)
  const cores = availableParallelism()
  const start = async (name: string, instances: string) => {
    const env = { PORT: String(await freePort()) }
    await up.okWith({ env }, 'start', testApp('http.mjs'), '--name', name, '-i', instances)
    return (await up.instances(name)).length
  }

  assert.equal(await start('most', 'max'), cores)
  assert.equal(await start('zero', '0'), cores)
  assert.equal(await start('less', '-1'), Math.max(1, cores - 1))
})

test('a second start of a running script is refused and names reload', async (t) => {
  const up = upkeep(t)
  const env = { PORT: String(await freePort()) }
  await up.okWith({ env }, 'start', testApp('http.mjs'))
  const pids = await up.pids('http')

  const again = await up.runWith({ env }, 'start', testApp('http.mjs'))

  assert.notEqual(again.status, 0)
  assert.match(again.stderr, /upkeep reload http/)
  assert.deepEqual(await up.pids('http'), pids)
})

test('stop ends the workers and keeps the app; start brings it back', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const before = await up.pids('web')

  await up.ok('stop', 'web')

  assert.deepEqual(before.filter(isAlive), [])
  assert.equal((await up.app('web')).state, 'stopped')
  await assert.rejects(app.get(), { code: 'ECONNREFUSED' })

  await up.ok('start', 'web')

  assert.equal((await app.get()).status, 200)
  assert.equal((await up.app('web')).state, 'running')
})

test('restart puts new processes into all instances', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const before = await up.pids('web')

  await up.ok('restart', 'web')

  const after = await up.pids('web')
  assert.equal(after.length, 2)
  assert.deepEqual(
    after.filter((pid) => before.includes(pid)),
    [],
  )
  assert.deepEqual(before.filter(isAlive), [])
  assert.equal((await app.get()).status, 200)
})

test('reload puts new processes into all instances, and waits until the old ones are gone', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const before = await up.pids('web')

  await up.ok('reload', 'web')

  const after = await up.pids('web')
  assert.equal(after.length, 2)
  assert.deepEqual(
    after.filter((pid) => before.includes(pid)),
    [],
  )
  assert.deepEqual(before.filter(isAlive), [])
  assert.equal((await app.get()).status, 200)
})

test('scale takes a number, or says how many more or fewer', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const [first = 0] = await up.pids('web')
  const scaled = async (wish: string) => {
    await up.ok('scale', 'web', wish)
    return (await up.pids('web')).length
  }

  assert.equal(await scaled('3'), 3)
  assert.equal(await scaled('+1'), 4)
  assert.equal(await scaled('-2'), 2)
  assert.equal((await up.pids('web'))[0], first)
  assert.match((await up.fails(64, 'scale', 'web', '-2')).stderr, /would not be 1 to 1000 instances/)
  assert.match(
    (await up.fails(64, 'scale', 'web', 'many')).stderr,
    /must be a number such as 4, \+1 or -1, or max/,
  )
  assert.equal(await scaled('max'), availableParallelism())
  assert.equal((await up.pids('web')).length, 2)
})

test('delete removes the app', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const pids = await up.pids('web')

  await up.ok('delete', 'web')

  assert.deepEqual(await up.list(), [])
  assert.deepEqual(pids.filter(isAlive), [])
  await assert.rejects(app.get(), { code: 'ECONNREFUSED' })
  const shown = await up.run('show', 'web')
  assert.equal(shown.status, 68)
})

test('commands take several names, a regular expression, or all', async (t) => {
  const up = upkeep(t)
  for (const name of ['shop-web', 'shop-jobs', 'blog']) await running(up, 'http.mjs', { name, instances: 1 })
  const states = async () => Object.fromEntries((await up.list()).map(({ name, state }) => [name, state]))

  await up.ok('stop', '/^shop-/')
  assert.deepEqual(await states(), { 'shop-web': 'stopped', 'shop-jobs': 'stopped', blog: 'running' })

  await up.ok('start', 'shop-web', 'shop-jobs')
  assert.deepEqual(await states(), { 'shop-web': 'running', 'shop-jobs': 'running', blog: 'running' })

  await up.ok('stop', 'all')
  assert.deepEqual(await states(), { 'shop-web': 'stopped', 'shop-jobs': 'stopped', blog: 'stopped' })
})

test('a name nobody has is an error with the nearest one', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })

  const result = await up.fails(68, 'reload', 'wbe')

  assert.match(result.stderr, /"?wbe"?/)
  assert.match(result.stderr, /web/)
})

test('list is a table for people and JSON for programs', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs')

  const table = await up.ok('list')

  assert.match(table.stdout, /web/)
  assert.match(table.stdout, /running|ready/)
  assert.doesNotMatch(table.stdout, /\u001b\[/, 'colours without a terminal')
  for (const alias of ['ls', 'status']) assert.match((await up.ok(alias)).stdout, /web/)
  const [app] = await up.list()
  assert.equal(app?.name, 'web')
  assert.equal(app?.state, 'running')
  assert.equal(app?.listening.length, 1)
})

test('list without a daemon is an empty table, and starts none', async (t) => {
  const up = upkeep(t)

  const result = await up.ok('list', '--json')

  assert.deepEqual(result.json<{ apps: unknown[] }>().apps, [])
  assert.notEqual((await up.run('daemon', 'status')).status, 0)
})

test('show tells how an app is run and never its secrets', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { env: { DATABASE_PASSWORD: 'hunter2hunter2' } })

  const [text, json] = [await up.ok('show', 'web'), await up.ok('show', 'web', '--json')]

  assert.match(text.stdout, /http\.mjs/)
  assert.match(text.stdout, /DATABASE_PASSWORD/)
  assert.doesNotMatch(text.stdout, /hunter2/)
  assert.doesNotMatch(json.stdout, /hunter2/)
})

test('config prints what a file means, secrets hidden', async (t) => {
  const up = upkeep(t)
  const app = await appOf(up, 'http.mjs', { env: { DATABASE_PASSWORD: 'hunter2hunter2' } })

  const result = await up.ok('config', app.configure({ stop: { timeout: '5s' } }), '--json')

  assert.doesNotMatch(result.stdout, /hunter2/)
  assert.match(result.stdout, /5000/)
  assert.notEqual((await up.run('daemon', 'status')).status, 0, 'printing a config started a daemon')
})

test('an environment of the config overrides what is above it', async (t) => {
  const up = upkeep(t)
  const app = await appOf(up, 'http.mjs', {
    env: { VERSION: 'base', COLOUR: 'blue' },
    environments: { production: { env: { VERSION: 'production' } } },
  })

  await up.ok('start', app.configure({}), '--env', 'production')

  const { env } = await app.who('/env')
  assert.equal(env.VERSION, 'production')
  assert.equal(env.COLOUR, 'blue')
})

test('values of an envFile are below those of env', async (t) => {
  const up = upkeep(t)
  up.write('production.env', '# comment\nVERSION=file\nexport GREETING="hello world"\n')
  const app = await running(up, 'http.mjs', { env: { VERSION: 'env' }, envFile: 'production.env' })

  const { env } = await app.who('/env')

  assert.equal(env.VERSION, 'env')
  assert.equal(env.GREETING, 'hello world')
})

test('an app does not see how it is supervised', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })

  const { env } = await app.who('/env')

  const ours = Object.keys(env).filter((name) => name.startsWith('UPKEEP'))
  assert.deepEqual(ours, ['UPKEEP_INSTANCE'])
  assert.equal(env.NODE_OPTIONS, undefined)
})

test('ulimits hold for the app', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1, ulimits: { nofile: 777 } })
  const [pid = 0] = await up.pids('web')
  const { readFileSync } = await import('node:fs')

  assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /Max open files\s+777\s+777/)
})

test('the daemon starts with the first command, tells how it is, and stops with everything', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs')
  const [daemon, pids] = [await up.daemon(), await up.pids('web')]

  assert.equal(daemon.apps, 1)
  assert.equal(daemon.workers, 2)
  assert.equal(daemon.home, up.home)
  assert.equal(daemon.node, process.version)

  await up.ok('daemon', 'stop')

  assert.deepEqual([daemon.pid, ...pids].filter(isAlive), [])
})

for (const [action, told] of [
  ['restart', ['stopped', 'starting', 'ready']],
  [
    'reload',
    ['new worker starting', 'new worker ready, old one draining', 'old worker gone', '1 of 1 reloaded'],
  ],
] as const) {
  test(`a ${action} tells what it is at, and nothing else`, async (t) => {
    const up = upkeep(t)
    await running(up, 'http.mjs', { instances: 1 })

    const { stdout } = await up.ok(action, 'web', '--json')

    const events = stdout
      .trim()
      .split('\n')
      .map((line): { type: string; text?: string } => JSON.parse(line))
    const steps = events.filter(({ type }) => type === 'step').map(({ text }) => text)
    assert.deepEqual(steps, told)
  })
}

test('a restart that fails says that it is tried again, and how to end that', async (t) => {
  const up = upkeep(t)
  const script = up.write('once.mjs', 'setInterval(() => {}, 1000)\nprocess.send("ready")')
  await up.ok('start', script, '--ready', 'message')
  up.write('once.mjs', 'throw new Error("no database")')

  const { stderr } = await up.fails(70, 'restart', 'once')

  assert.match(stderr, /no database/)
  assert.match(stderr, /It is tried again; "upkeep stop once" ends that/)
  await up.ok('stop', 'once')
})

test('a daemon that is stopped and started again has its apps again', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  await running(up, 'http.mjs', { name: 'idle' })
  await up.ok('stop', 'idle')
  await up.ok('daemon', 'stop')

  await up.ok('daemon', 'start')

  await up.untilState('web', 'ready')
  assert.equal((await app.get()).status, 200)
  assert.equal((await up.app('idle')).state, 'stopped')
})

test('a worker that is slow to boot is waited for', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'slow-boot.mjs', { env: { BOOT_MS: '700' } })

  assert.equal((await app.get()).status, 200)
  assert.equal((await up.app('web')).state, 'running')
})

test('ready when it says so: a start waits for process.send("ready")', async (t) => {
  const up = upkeep(t)
  const startedMs = performance.now()
  await running(up, 'says-ready.mjs', { instances: 1, ready: 'message', env: { READY_MS: '800' } })

  assert.ok(performance.now() - startedMs > 800)
})

test('a start that is interrupted says so and leaves what was begun to the daemon', async (t) => {
  const up = upkeep(t)
  const app = await appOf(up, 'slow-boot.mjs', { env: { BOOT_MS: '3000' }, instances: 1 })
  const { child, ended } = up.spawn({}, 'start', app.configure({}))
  await until(async () => (await up.run('list', '--json')).stdout.includes('"starting"'))

  child.kill('SIGINT')

  assert.equal((await ended).status, 130)
  await up.untilState('web', 'ready')
})

test('a second start of a running script names reload, and says what to do about other wishes', async (t) => {
  const up = upkeep(t)
  const env = { PORT: String(await freePort()) }
  const script = testApp('http.mjs')
  await up.okWith({ env }, 'start', script, '--name', 'web')

  const same = await up.runWith({ env }, 'start', script, '--name', 'web')
  const other = await up.runWith({ env: { PORT: '1' } }, 'start', script, '--name', 'web')

  assert.equal(same.status, 65)
  assert.match(same.stderr, /is running already\n.*upkeep reload web"$/m)
  assert.match(other.stderr, /upkeep reload web"; to run it in another way/)
})
