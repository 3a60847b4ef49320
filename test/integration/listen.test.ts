// Every way to call listen() behaves as without Upkeep.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import net from 'node:net'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { load, lost } from '../support/load/load.ts'
import { get, request } from '../support/request.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

interface Listening {
  readonly up: Upkeep
  readonly port: number
  readonly socket: string
  log(pattern: RegExp): Promise<RegExpMatchArray>
}

const canIpv6 = await new Promise<boolean>((resolve) => {
  const probe = net.createServer()
  probe.once('error', () => resolve(false))
  probe.listen(0, '::1', () => probe.close(() => resolve(true)))
})

for (const form of [
  'IPv4 host',
  'host name',
  'port as text',
  'backlog',
  'backlog by options',
  'address before the event',
]) {
  test(`listen: ${form}`, async (t) => {
    const { up, port } = await listening(t, form)
    const host = form === 'host name' ? 'localhost' : '127.0.0.1'
    const clients = await load(t, { kind: 'connection', port, host, clients: 10 })

    await up.ok('reload', 'web')
    await clients.answers(50)

    assert.equal(lost((await clients.stop()).outcomes), 0)
  })
}

for (const [form, refused] of [
  ['IPv6 host', '127.0.0.1'],
  ['IPv6 only', '127.0.0.1'],
] as const) {
  test(`listen: ${form}`, async (t) => {
    if (!canIpv6) return t.skip('this machine has no IPv6')
    const { up, port } = await listening(t, form)
    const clients = await load(t, { kind: 'connection', port, host: '::1', clients: 10 })

    await up.ok('reload', 'web')
    await clients.answers(50)

    assert.equal(lost((await clients.stop()).outcomes), 0)
    await assert.rejects(request({ host: refused, port }), { code: 'ECONNREFUSED' })
  })
}

for (const form of ['port 0', 'nothing at all']) {
  test(`listen: ${form} is the same random port in all workers, and after a reload`, async (t) => {
    const { up, log } = await listening(t, form)
    const [, port] = await log(/listening .*"port":(\d+)/)
    const workers = await workersAt(Number(port))
    assert.equal(workers.size, 2)

    await up.ok('reload', 'web')

    const after = await workersAt(Number(port))
    assert.deepEqual(
      [...after].filter((pid) => workers.has(pid)),
      [],
    )
  })
}

test('listen: two random ports stay two, each with its own server', async (t) => {
  const { up, log } = await listening(t, 'two random ports')
  const [, first] = await log(/first .*"port":(\d+)/)
  const [, second] = await log(/second .*"port":(\d+)/)
  assert.notEqual(first, second)

  await up.ok('reload', 'web')

  for (const port of [first, second]) assert.equal((await get(Number(port))).status, 200)
})

for (const form of ['unix socket', 'unix socket by options']) {
  test(`listen: ${form}`, async (t) => {
    const { up, socket } = await listening(t, form)
    const clients = await load(t, { kind: 'connection', socketPath: socket, clients: 10 })

    await up.ok('reload', 'web')
    await clients.answers(50)

    assert.equal(lost((await clients.stop()).outcomes), 0)
    await up.ok('stop', 'web')
    assert.ok(!existsSync(socket), 'the file stays behind')
    await up.ok('start', 'web')
    assert.equal((await request({ socketPath: socket })).status, 200)
  })
}

test('listen: a unix socket whose file stayed behind after a crash does not stop the app', async (t) => {
  const { up, socket } = await listening(t, 'unix socket')
  for (const pid of await up.pids('web')) process.kill(pid, 'SIGKILL')

  await until(async () => (await request({ socketPath: socket })).status === 200)
  await up.untilState('web', 'ready')
})

test('listen: exclusive is each worker on its own', async (t) => {
  const { port } = await listening(t, 'exclusive')

  const [first, second] = [await get(port), await get(port + 1)]

  assert.notEqual(first.headers['x-worker'], second.headers['x-worker'])
})

test('listen: an inherited descriptor is left alone', async (t) => {
  const { port } = await listening(t, 'descriptor')

  assert.equal((await get(port)).status, 200)
})

test('listen: several servers in one app', async (t) => {
  const { up, port } = await listening(t, 'several servers', await freePort(3))

  await up.ok('reload', 'web')

  assert.equal((await get(port)).status, 200)
  assert.equal((await get(port + 1)).status, 200)
  const raw = await new Promise<string>((resolve, reject) => {
    let text = ''
    const socket = net.connect(port + 2, '127.0.0.1').setEncoding('utf8')
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.once('end', () => resolve(text)).once('error', reject)
  })
  assert.match(raw, /^raw \d+$/)
})

test('listen: close, then listen again', async (t) => {
  const { port, log } = await listening(t, 'close, then listen again')

  await log(/listening again/)

  assert.equal((await get(port)).status, 200)
})

test('listen: twice on one server throws as Node does', async (t) => {
  const { log } = await listening(t, 'twice on one server')

  await log(/threw ERR_SERVER_ALREADY_LISTEN/)
})

test('listen: the same port twice in one app is EADDRINUSE', async (t) => {
  const { port, log } = await listening(t, 'the same port twice')

  await log(new RegExp(`error EADDRINUSE listen ${port}`))
})

test('listen: a port that another program has reaches the app as its error event', async (t) => {
  const other = net.createServer()
  const port = await freePort()
  await new Promise<void>((resolve) => other.listen(port, resolve))
  t.after(() => other.close())

  const { log } = await listening(t, 'port taken', port)

  await log(/error EADDRINUSE listen/)
  const [, chosen] = await log(/listening .*"port":(\d+)/)
  assert.equal((await get(Number(chosen))).status, 200)
})

test('listen: a signal that aborts closes the server', async (t) => {
  const { log } = await listening(t, 'aborted by a signal')

  await log(/closed by the signal/)
})

test('balance own: every instance has its own port', async (t) => {
  const up = upkeep(t)
  const port = await freePort(3)
  await running(up, 'http.mjs', { port, instances: 3, balance: 'own' })

  const workers = await Promise.all(
    [0, 1, 2].map(async (offset) => (await get(port + offset)).headers['x-worker']),
  )

  assert.deepEqual(workers, (await up.pids('web')).map(String))
  await up.ok('reload', 'web')
  for (const offset of [0, 1, 2]) assert.equal((await get(port + offset)).status, 200)
})

test('balance spread: connections reach every instance, and a reload loses nothing', async (t) => {
  const up = upkeep(t)
  const { port } = await running(up, 'http.mjs', { balance: 'spread' })
  const clients = await load(t, { kind: 'connection', port, clients: 20 })
  await clients.answers(200)
  const pids = (await up.pids('web')).map(String)

  assert.deepEqual(Object.keys((await clients.report()).workers).sort(), pids.toSorted())
  await up.ok('reload', 'web')
  await clients.answers(200)

  const { outcomes, failures } = await clients.stop()
  assert.equal(lost(outcomes), 0, JSON.stringify(failures))
})

async function listening(t: TestContext, form: string, chosen?: number): Promise<Listening> {
  const up = upkeep(t)
  const port = chosen ?? (await freePort(2))
  const socket = `${up.folder}/app.sock`
  await running(up, 'listen-forms.mjs', { port, env: { FORM: form, SOCKET: socket } })
  const log = (pattern: RegExp) =>
    until(async () => (await up.logs('web')).match(pattern), { show: () => up.logs('web') })
  return { up, port, socket, log }
}

/** The workers that answer at a port, found with enough connections that each had its chance. */
async function workersAt(port: number): Promise<Set<string>> {
  const workers = new Set<string>()
  await until(
    async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, () => get(port)))
      for (const { headers } of answers) workers.add(String(headers['x-worker']))
      return workers.size >= 2
    },
    { show: () => [...workers] },
  )
  return workers
}
