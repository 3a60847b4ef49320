// What can be run: whatever a user has in the folder.
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { testApp } from '../support/package-root.ts'
import { isAlive } from '../support/processes.ts'
import { isRoot, programOrSkip } from '../support/programs.ts'
import { get } from '../support/request.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { upkeep } from '../support/upkeep.ts'

test('a folder is run by the main of its package.json', async (t) => {
  const up = upkeep(t)
  const env = { PORT: String(await freePort()) }

  await up.okWith({ env }, 'start', testApp('packages/main'))

  assert.equal((await get(Number(env.PORT))).body, 'from package.json main')
  assert.deepEqual(
    (await up.list()).map(({ name }) => name),
    ['fixture-main'],
  )
})

test('a folder without package.json is run by its index.js', async (t) => {
  const up = upkeep(t)
  const env = { PORT: String(await freePort()) }
  cpSync(testApp('packages/index'), `${up.folder}/app`, { recursive: true })
  up.write('app/package.json', '{ "type": "module" }')

  await up.okWith({ env }, 'start', 'app')

  assert.equal((await get(Number(env.PORT))).body, 'from index.js')
})

test('an npm script is resolved and run directly, with neither npm nor a shell between', async (t) => {
  const up = upkeep(t)
  const port = await freePort()
  const folder = `${up.folder}/app`
  cpSync(testApp('packages/npm-script'), folder, { recursive: true })
  await up.ok(
    'start',
    up.config([{ name: 'web', script: 'npm:start', cwd: folder, env: { PORT: String(port) } }]),
  )

  const answer = (await get(port)).json<{
    args: string[]
    execArgv: string[]
    greeting: string
    ppid: number
  }>()

  assert.deepEqual(answer.args, ['--flag'])
  assert.deepEqual(answer.execArgv, ['--no-warnings'])
  assert.equal(answer.greeting, 'hello')
  assert.equal(answer.ppid, (await up.daemon()).pid)
})

test('a shell script gets its arguments and environment, its signal, and its output is kept', async (t) => {
  const up = upkeep(t)
  const entry = { name: 'sh', script: testApp('sh-app.sh'), args: ['you'], env: { GREETING: 'hello' } }
  await up.ok('start', up.config([{ ...entry, instances: 2 }]))
  const pids = await up.pids('sh')
  await until(async () => (await up.logs('sh')).includes('sh says hello to you'))

  await up.ok('reload', 'sh')
  assert.deepEqual(pids.filter(isAlive), [])

  await up.ok('stop', 'sh')
  assert.match(await up.logs('sh'), /told to stop/)
  const [instance] = await up.instances('sh')
  assert.equal(instance?.lastExit?.code, 0)
})

test('a Python program', async (t) => {
  if (programOrSkip(t, 'python3') === undefined) return
  const up = upkeep(t)
  const app = await running(up, 'python-app.py', { instances: 1 })

  await until(async () => (await app.get()).status === 200)

  await up.ok('restart', 'web')
  await until(async () => (await app.get()).status === 200)
  assert.match(await up.logs('web'), /python is up/)
})

test('a binary on PATH', async (t) => {
  const up = upkeep(t)

  await up.ok('start', up.config([{ name: 'sleeper', script: 'sleep', args: ['1000'] }]))

  const [pid = 0] = await up.pids('sleeper')
  assert.ok(isAlive(pid))
  await up.ok('delete', 'sleeper')
  assert.ok(!isAlive(pid))
})

test('a binary that is given without arguments and ends: what it said is shown', async (t) => {
  const up = upkeep(t)

  const result = await up.run(
    'start',
    up.config([{ name: 'ls', script: 'ls', args: [`${up.folder}/nowhere`] }]),
  )

  assert.equal(result.status, 70)
  assert.match(result.stderr, /nowhere/)
})

test("the workers of an app's own cluster see the arguments of Node that it gave", async (t) => {
  const up = upkeep(t)

  const app = await running(up, 'node-cluster.mjs', { instances: 1, interpreterArgs: ['--no-warnings'] })

  assert.deepEqual((await app.get()).json<{ execArgv: string[] }>().execArgv, ['--no-warnings'])
})

test('interpreter and its arguments', async (t) => {
  const up = upkeep(t)
  const script = up.write(
    'app',
    "console.log('flags', process.execArgv.join()); setInterval(() => {}, 1000)\n",
  )
  const entry = { name: 'app', script, interpreter: 'node', interpreterArgs: ['--max-old-space-size=99'] }

  await up.ok('start', up.config([entry]))

  await until(async () => (await up.logs('app')).includes('flags --max-old-space-size=99'))
})

test('NODE_OPTIONS of the config hold for the app', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', {
    instances: 1,
    env: { NODE_OPTIONS: '--max-http-header-size=2000' },
  })

  const { env } = await app.who('/env')

  assert.equal(env.NODE_OPTIONS, '--max-http-header-size=2000')
})

test('another user: a script that this user may not read is told as that', async (t) => {
  if (!isRoot()) return t.skip('only root may run apps as another user')
  const up = upkeep(t)
  const { chmodSync } = await import('node:fs')
  chmodSync(up.folder, 0o755)
  const script = up.write('secret/app.mjs', 'setInterval(() => {}, 1000)')
  chmodSync(dirname(script), 0o700)
  const config = up.config([{ name: 'web', script, cwd: up.folder, user: 'nobody', group: 'nogroup' }])

  const { stderr } = await up.fails(70, 'start', config)

  assert.match(stderr, new RegExp(`the user "nobody" may not read "${dirname(script)}"`))
})

test('another user: the app has its ids and groups', async (t) => {
  if (!isRoot()) return t.skip('only root may run apps as another user')
  const up = upkeep(t)
  const { chmodSync } = await import('node:fs')
  chmodSync(up.folder, 0o755)
  const app = await running(up, 'http.mjs', { instances: 2, user: 'nobody', group: 'nogroup' })

  const { ids } = await app.who('/ids')

  assert.deepEqual([ids.uid, ids.gid], [65_534, 65_534])
  assert.ok(!ids.groups.includes(0), `groups ${ids.groups}`)
  await up.ok('reload', 'web')
  assert.equal((await app.get()).status, 200)
})
