// The instrument before the measurements: it must see each kind of loss, and be a correct client itself.
import assert from 'node:assert/strict'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import type { LoadKind, LoadOptions, LoadReport } from '../support/load/load.ts'
import { Load, lost } from '../support/load/load.ts'
import { until } from '../support/until.ts'

const KINDS: readonly LoadKind[] = ['get', 'post', 'connection', 'http2']

for (const kind of KINDS) {
  test(`a good server loses nothing: ${kind}`, async (t) => {
    const port = await listening(t, kind === 'http2' ? http2.createServer(answer) : http.createServer(answer))

    const { outcomes, connections } = await loadUntil(
      t,
      { kind, port, clients: 4 },
      ({ outcomes: { ok } }) => ok > 50,
    )

    assert.equal(lost(outcomes), 0)
    if (kind === 'connection') assert.ok(connections > 50)
    else assert.equal(connections, 4)
  })

  test(`nobody listens: ${kind} is refused`, async (t) => {
    const port = await freePort()

    const { outcomes } = await loadUntil(
      t,
      { kind, port, clients: 2 },
      ({ outcomes: { refused } }) => refused > 4,
    )

    assert.equal(outcomes.refused, lost(outcomes))
  })

  test(`a connection that ends before the answer is a reset: ${kind}`, async (t) => {
    const port = await listening(
      t,
      net.createServer((socket) => socket.on('error', () => {}).once('data', () => socket.resetAndDestroy())),
    )

    const { outcomes } = await loadUntil(
      t,
      { kind, port, clients: 2 },
      ({ outcomes: { reset } }) => reset > 4,
    )

    assert.equal(outcomes.reset, lost(outcomes))
  })

  test(`no answer is a timeout: ${kind}`, async (t) => {
    const silent = () => {}
    const port = await listening(t, kind === 'http2' ? http2.createServer(silent) : http.createServer(silent))

    const options = { kind, port, clients: 2, timeoutMs: 100 }
    const { outcomes } = await loadUntil(t, options, ({ outcomes: { timeout } }) => timeout > 2)

    assert.equal(outcomes.timeout, lost(outcomes))
  })

  test(`an answer that is an error is a wrong status: ${kind}`, async (t) => {
    const refuse = (_request: unknown, response: http.ServerResponse | http2.Http2ServerResponse) => {
      response.statusCode = 503
      response.end()
    }
    const port = await listening(t, kind === 'http2' ? http2.createServer(refuse) : http.createServer(refuse))

    const { outcomes } = await loadUntil(
      t,
      { kind, port, clients: 2 },
      ({ outcomes }) => outcomes.wrongStatus > 4,
    )

    assert.equal(outcomes.wrongStatus, lost(outcomes))
  })
}

test('a connection the server says it closes is not used again', async (t) => {
  const closing = http.createServer((_request, response) => {
    response.setHeader('connection', 'close').end('bye')
  })
  const port = await listening(t, closing)

  const { outcomes, connections } = await loadUntil(
    t,
    { kind: 'get', port, clients: 2 },
    ({ outcomes: { ok } }) => ok > 20,
  )

  assert.equal(lost(outcomes), 0)
  assert.ok(connections >= outcomes.ok)
})

test('a connection is not used after the time the server announced for it', async (t) => {
  const server = http.createServer(answer)
  server.keepAliveTimeout = 1000
  const port = await listening(t, server)

  const options = { kind: 'get', port, clients: 2, pauseMs: 20 } as const
  const { outcomes, connections } = await loadUntil(t, options, ({ outcomes: { ok } }) => ok > 20)

  // The announced second less the margin of one second: each connection serves once.
  assert.equal(lost(outcomes), 0)
  assert.ok(connections >= outcomes.ok)
})

test('what Node itself loses when it closes a server under keep-alive load is seen', async (t) => {
  const port = await freePort()
  const load = new Load({ kind: 'post', port, clients: 20, pauseMs: 2 })
  t.after(() => load.kill())
  let rounds = 0

  // Proof that this instrument shows the loss which the drain of Upkeep avoids.
  await until(
    async () => {
      rounds++
      const server = http.createServer((request, response) =>
        request.resume().once('end', () => response.end('ok')),
      )
      await new Promise<void>((resolve) => server.listen(port, resolve))
      await load.answers(50)
      const before = (await load.report()).outcomes.reset
      server.close()
      server.closeIdleConnections()
      await until(async () => (await load.report()).outcomes.refused > 0)
      server.closeAllConnections()
      return (await load.report()).outcomes.reset > before
    },
    { within: '20s' },
  )

  assert.ok(rounds > 0)
})

function answer(_request: unknown, response: http.ServerResponse | http2.Http2ServerResponse): void {
  response.setHeader('x-worker', String(process.pid))
  response.end('hello')
}

async function listening(t: TestContext, server: net.Server): Promise<number> {
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => sockets.add(socket))
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function loadUntil(
  t: TestContext,
  options: LoadOptions,
  enough: (report: LoadReport) => boolean,
): Promise<LoadReport> {
  const load = new Load(options)
  t.after(() => load.kill())
  await until(async () => enough(await load.report()), { show: () => load.report() })
  return load.stop()
}
