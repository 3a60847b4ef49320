// A reload never leaves an app worse than it found it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import type { LoadKind } from '../support/load/load.ts'
import { load, lost } from '../support/load/load.ts'
import { testApp } from '../support/package-root.ts'
import { isAlive } from '../support/processes.ts'
import { programOrSkip } from '../support/programs.ts'
import { get, request } from '../support/request.ts'
import { appOf, running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { upkeep } from '../support/upkeep.ts'

for (const [kind, app] of [
  ['get', 'http.mjs'],
  ['post', 'http.mjs'],
  ['connection', 'http.mjs'],
  ['http2', 'http2-clear.mjs'],
] as const satisfies readonly (readonly [LoadKind, string])[]) {
  for (const instances of [1, 2]) {
    test(`reloads of ${instances} under load lose nothing: ${kind}`, async (t) => {
      const up = upkeep(t)
      const { port } = await running(up, app, { instances })
      const clients = await load(t, { kind, port, clients: 20 })
      await clients.answers(100)

      for (let round = 0; round < 2; round++) {
        await up.ok('reload', 'web')
        await clients.answers(100)
      }

      const { outcomes, failures } = await clients.stop()
      assert.equal(lost(outcomes), 0, JSON.stringify(failures, null, 1))
    })
  }
}

test('a reload through nginx loses nothing', async (t) => {
  const nginx = programOrSkip(t, 'nginx')
  if (nginx === undefined) return
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const port = await freePort()
  const config = up.write('nginx.conf', nginxConfig(port, app.port))
  const proxy = spawn(nginx, ['-p', up.folder, '-c', config, '-e', `${up.folder}/error.log`], {
    stdio: 'inherit',
  })
  t.after(() => proxy.kill('SIGKILL'))
  await until(async () => (await get(port)).status === 200)
  const clients = await load(t, { kind: 'get', port, clients: 20 })
  await clients.answers(100)

  for (let round = 0; round < 2; round++) {
    await up.ok('reload', 'web')
    await clients.answers(100)
  }

  const { outcomes } = await clients.stop()
  proxy.kill('SIGTERM')
  await until(() => proxy.exitCode !== null || proxy.signalCode !== null)
  assert.equal(lost(outcomes), 0, readFileSync(`${up.folder}/error.log`, 'utf8'))
})

test('a release that does not start leaves the old workers, and shows its last lines', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { env: { VERSION: 'good' } })
  const before = await up.pids('web')

  const result = await up.run('start', app.configure({ script: testApp('throws-at-boot.mjs') }))

  assert.equal(result.status, 70)
  assert.match(result.stderr, /no database here/)
  assert.deepEqual(await up.pids('web'), before)
  assert.equal((await app.who()).version, 'good')
  assert.equal((await up.app('web')).state, 'running')
})

test('a script that breaks on disk: a reload keeps the old workers', async (t) => {
  const up = upkeep(t)
  const script = up.write('server.mjs', readFileSync(testApp('http.mjs'), 'utf8'))
  const app = await running(up, script)
  const before = await up.pids('web')
  up.write('server.mjs', 'const port =\nlisten(port\n')
  const clients = await load(t, { kind: 'get', port: app.port })

  const result = await up.run('reload', 'web')

  assert.equal(result.status, 70)
  assert.match(result.stderr, /SyntaxError/)
  assert.deepEqual(await up.pids('web'), before)
  const { outcomes } = await clients.stop()
  assert.equal(lost(outcomes), 0)
})

test('a release that is never ready is given up at ready.timeout', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const before = await up.pids('web')

  const result = await up.run(
    ...[
      'start',
      app.configure({ script: testApp('never-ready.mjs'), ready: { when: 'listening', timeout: '1s' } }),
    ],
  )

  assert.equal(result.status, 75)
  assert.match(result.stderr, /still waiting for something/)
  assert.deepEqual(await up.pids('web'), before)
  assert.equal((await app.get()).status, 200)
})

test('after a failed reload the next one works', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { env: { VERSION: '1' } })
  await up.run('start', app.configure({ script: testApp('throws-at-boot.mjs') }))

  await up.ok('start', app.configure({ env: { VERSION: '3' } }))

  assert.equal((await app.who()).version, '3')
})

test('a request that is under way is answered by the worker it was sent to', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  const [before] = await up.pids('web')
  const slow = app.who('/slow?ms=1500')
  await until(async () => (await app.who()).pid === before)

  await up.ok('reload', 'web')

  assert.equal((await slow).pid, before)
  assert.notEqual((await app.who()).pid, before)
})

test('a worker that does not finish is killed at stop.timeout, and the reload says so', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1, stop: { timeout: '1s' } })
  const [before = 0] = await up.pids('web')
  const endless = app.get('/slow?ms=60000').catch((error: NodeJS.ErrnoException) => error.code)
  await until(async () => (await app.who()).pid === before)

  const result = await up.ok('reload', 'web')

  assert.ok(!isAlive(before))
  assert.equal(await endless, 'ECONNRESET')
  assert.match(result.stdout + result.stderr, /killed/)
})

test("an app's own SIGTERM handler decides, and still nothing is lost", async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'own-sigterm.mjs')
  const clients = await load(t, { kind: 'post', port: app.port })
  const slow = app.get('/?ms=800')

  await up.ok('reload', 'web')
  await clients.answers(100)

  const { outcomes, failures } = await clients.stop()
  assert.equal((await slow).status, 200)
  assert.equal(lost(outcomes), 0, JSON.stringify(failures))
  const log = await up.logs('web')
  assert.match(log, /SIGTERM: closing/)
  assert.match(log, /closed/)
})

test('consumers reload by starting first, or by stopping first', async (t) => {
  const up = upkeep(t)
  const journal = up.write('journal', '')
  const app = await appOf(up, 'consumer.mjs', { instances: 1, env: { JOURNAL: journal } })
  const order = () =>
    readFileSync(journal, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[1])

  await up.ok('start', app.configure({ reload: { order: 'start-first' } }))
  await up.ok('reload', 'web')
  await until(() => order().length === 3)
  assert.deepEqual(order(), ['start', 'start', 'stop'])

  const { stdout } = await up.ok('start', app.configure({ reload: { order: 'stop-first' } }))
  assert.match(stdout, /^web: restarted in .*: its reload\.order is stop-first$/m)
  up.write('journal', '')
  await up.ok('reload', 'web')
  assert.deepEqual(order(), ['stop', 'start'])
})

test('several instances at once: reload.parallel', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'slow-boot.mjs', {
    instances: 3,
    reload: { parallel: 3 },
    env: { BOOT_MS: '400' },
  })
  const clients = await load(t, { kind: 'get', port: app.port })

  await up.ok('reload', 'web')

  const { outcomes } = await clients.stop()
  assert.equal(lost(outcomes), 0)
})

test('two reloads at the same time line up', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const before = await up.pids('web')

  const results = await Promise.all([up.run('reload', 'web'), up.run('reload', 'web')])

  assert.deepEqual(
    results.map(({ status }) => status),
    [0, 0],
  )
  const after = await up.pids('web')
  assert.equal(after.length, 2)
  assert.deepEqual(before.filter(isAlive), [])
  assert.equal((await request({ port: app.port })).status, 200)
})

function nginxConfig(port: number, upstream: number): string {
  return `
    daemon off; worker_processes 1; pid nginx.pid; error_log error.log;
    events { worker_connections 500; }
    http {
      access_log off; client_body_temp_path .; proxy_temp_path .; fastcgi_temp_path .; uwsgi_temp_path .; scgi_temp_path .;
      upstream app { server 127.0.0.1:${upstream}; keepalive 32; }
      server {
        listen 127.0.0.1:${port};
        location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; }
      }
    }`
}
