// Frameworks as they come: each program of test/apps is written as its manual says, and knows nothing of Upkeep.
import assert from 'node:assert/strict'
import http2 from 'node:http2'
import { test } from 'node:test'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'
import type { LoadOptions } from '../support/load/load.ts'
import { load, lost } from '../support/load/load.ts'
import { isAlive } from '../support/processes.ts'
import { request } from '../support/request.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { upkeep } from '../support/upkeep.ts'

interface Framework {
  readonly name: string
  readonly program: string
  readonly load?: Partial<LoadOptions>
  /** Options of the app in the config. */
  readonly app?: Readonly<Record<string, unknown>>
}

const FRAMEWORKS: readonly Framework[] = [
  { name: 'node:http, ES module', program: 'http.mjs', load: { kind: 'post' } },
  { name: 'node:http, CommonJS', program: 'http.cjs', load: { kind: 'post' } },
  { name: 'node:http, TypeScript', program: 'http.mts', load: { kind: 'post' } },
  { name: 'node:https', program: 'https.mjs', load: { tls: true } },
  { name: 'node:http2, clear text', program: 'http2-clear.mjs', load: { kind: 'http2' } },
  { name: 'node:http2, TLS', program: 'http2-tls.mjs', load: { kind: 'http2', tls: true } },
  { name: 'node:http2, TLS, for HTTP/1.1 clients', program: 'http2-tls.mjs', load: { tls: true } },
  { name: 'Express 5', program: 'express.mjs', load: { kind: 'post' } },
  { name: 'Fastify 5', program: 'fastify.mjs', load: { kind: 'post' } },
  { name: 'Koa', program: 'koa.mjs' },
  { name: 'Hono', program: 'hono.mjs', load: { kind: 'post' } },
  { name: 'ws beside node:http', program: 'ws.mjs' },
  { name: 'socket.io', program: 'socket-io.mjs' },
  { name: 'worker_threads', program: 'worker-threads.mjs' },
  { name: 'node:cluster in the app', program: 'node-cluster.mjs', app: { instances: 1 } },
]

for (const { name, program, load: options = {}, app = {} } of FRAMEWORKS) {
  test(`${name}: answers on all instances, reloads under load with nothing lost, stops`, async (t) => {
    const up = upkeep(t)
    const { port } = await running(up, program, app)
    const before = await up.pids('web')
    const clients = await load(t, { kind: 'get', port, clients: 20, ...options })
    await clients.answers(200)

    await up.ok('reload', 'web')
    await clients.answers(200)

    const { outcomes, failures } = await clients.stop()
    assert.equal(lost(outcomes), 0, JSON.stringify(failures, null, 1))
    assert.deepEqual(before.filter(isAlive), [])
    await up.ok('stop', 'web')
    await assert.rejects(request({ port, tls: options.tls ?? false }))
  })
}

test('connections reach both instances', async (t) => {
  const up = upkeep(t)
  const { port } = await running(up, 'express.mjs')
  const clients = await load(t, { kind: 'connection', port, clients: 20 })
  await clients.answers(300)

  const { workers } = await clients.stop()

  assert.deepEqual(Object.keys(workers).sort(), (await up.pids('web')).map(String).sort())
})

for (const [name, program] of [
  ['beside node:http', 'ws.mjs'],
  ['with its own server', 'ws-own-port.mjs'],
] as const) {
  test(`ws ${name}: sockets live until the drain ends, and a new one reaches the new worker`, async (t) => {
    const up = upkeep(t)
    const { port } = await running(up, program, { instances: 1, stop: { timeout: '2s' } })
    const [before] = await up.pids('web')
    const socket = await connected(port)
    assert.equal(await echo(socket, 'hello'), `${before} hello`)
    const closed = new Promise((resolve) => socket.once('close', resolve))

    const reloaded = up.ok('reload', 'web')
    assert.equal(await echo(socket, 'again'), `${before} again`)
    await reloaded
    await closed

    const [after] = await up.pids('web')
    const second = await connected(port)
    assert.equal(await echo(second, 'hello'), `${after} hello`)
    second.close()
  })
}

test('socket.io: a client is connected again after a reload, by itself', async (t) => {
  const up = upkeep(t)
  const { port } = await running(up, 'socket-io.mjs', { instances: 1, stop: { timeout: '2s' } })
  const client = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], reconnectionDelay: 50 })
  t.after(() => client.close())
  const ask = (data: string): Promise<{ pid: number; data: string }> =>
    client.timeout(8000).emitWithAck('echo', data)
  const [before] = await up.pids('web')
  assert.deepEqual(await ask('one'), { pid: before, data: 'one' })

  await up.ok('reload', 'web')

  const [after] = await up.pids('web')
  assert.deepEqual(await ask('two'), { pid: after, data: 'two' })
})

test('HTTP/2: streams that are open when the drain begins are finished', async (t) => {
  const up = upkeep(t)
  const { port } = await running(up, 'http2-clear.mjs', { instances: 1 })
  const session = http2.connect(`http://127.0.0.1:${port}`)
  t.after(() => session.destroy())
  const goaway = new Promise((resolve) => session.once('goaway', resolve))
  await answered(session)

  await up.ok('reload', 'web')

  await goaway
})

test('a server in a worker thread is served by its own socket', async (t) => {
  const up = upkeep(t)
  const { port } = await running(up, 'thread-server.mjs', { instances: 1, ready: 'started' })

  // An app is `started` before its thread listens.
  const answer = await until(() => request({ port }))

  assert.deepEqual(answer.json(), { pid: (await up.pids('web'))[0] })
})

async function connected(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  return socket
}

function echo(socket: WebSocket, text: string): Promise<string> {
  return new Promise((resolve) => {
    socket.once('message', (data) => resolve(String(data)))
    socket.send(text)
  })
}

function answered(session: http2.ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/' })
    stream.once('error', reject).once('end', resolve).resume()
  })
}
