// The main job on the real app: examples/api on every core, reloaded under load with nothing lost.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { freePort } from '../support/free-port.ts'
import { load, lost } from '../support/load/load.ts'
import { packageRoot } from '../support/package-root.ts'
import { request } from '../support/request.ts'
import { upkeep } from '../support/upkeep.ts'

const CONFIG = join(packageRoot, 'examples', 'api', 'upkeep.config.ts')
const ORDER = JSON.stringify({ item: 'lamp', quantity: 2 })

test('examples/api runs on every core and is reloaded under load with 0 lost', async (t) => {
  const port = await freePort()
  const up = upkeep(t, { PORT: String(port) })
  await up.ok('start', CONFIG)
  const all = await Promise.all([
    load(t, { kind: 'get', port, path: '/users/7' }),
    load(t, { kind: 'post', port, path: '/orders', body: ORDER, clients: 10 }),
    load(t, { kind: 'connection', port, path: '/slow?ms=20', clients: 10 }),
  ])

  await up.ok('reload', 'api')
  await Promise.all(all.map((clients) => clients.answers(100)))

  for (const clients of all) {
    const { outcomes, failures } = await clients.stop()
    assert.equal(lost(outcomes), 0, JSON.stringify(failures))
  }
})

test('examples/api answers each of its routes', async (t) => {
  const port = await freePort()
  const up = upkeep(t, { PORT: String(port) })
  await up.ok('start', CONFIG)
  const post = (body: string) =>
    request({ port, path: '/orders', method: 'POST', body, headers: { 'content-type': 'application/json' } })

  assert.equal((await request({ port })).json<{ hello: string }>().hello, 'world')
  assert.equal((await request({ port, path: '/healthz' })).status, 200)
  assert.equal((await request({ port, path: '/users/7' })).json<{ name: string }>().name, 'User 7')
  assert.equal((await request({ port, path: '/users/x' })).status, 404)
  assert.equal((await request({ port, path: '/nowhere' })).status, 404)
  assert.equal((await post(ORDER)).status, 201)
  assert.equal((await post('{"quantity":0}')).json<{ problems: string[] }>().problems.length, 2)
  assert.equal((await post('{')).status, 400)
  assert.equal((await request({ port, path: '/slow?ms=10' })).status, 200)
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  const echoed = new Promise((resolve, reject) => {
    socket.once('open', () => socket.send('hello'))
    socket.once('message', (data) => resolve(String(data)))
    socket.once('error', reject)
  })
  assert.equal(await echoed, 'hello')
  socket.close()
})

test('examples/api: streams end in order when it is reloaded', async (t) => {
  const port = await freePort()
  const up = upkeep(t, { PORT: String(port) })
  await up.ok('start', CONFIG, '-i', '1')
  const stream = request({ port, path: '/events', timeoutMs: 30_000 })
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const closed = new Promise((resolve) => socket.once('close', resolve))

  await up.ok('reload', 'api')

  assert.match((await stream).body, /^id: 1\ndata: /)
  assert.equal(await closed, 1001)
})
