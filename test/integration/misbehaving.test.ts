// Apps that do what apps do when they go wrong. One test per program of test/apps.
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { restPathOf } from '../../src/protocol/agent.ts'
import { freePort } from '../support/free-port.ts'
import { load, lost } from '../support/load/load.ts'
import { testApp } from '../support/package-root.ts'
import { isAlive, kill } from '../support/processes.ts'
import { get } from '../support/request.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { cliPath, upkeep } from '../support/upkeep.ts'

test('a worker that ignores SIGTERM is killed after stop.timeout', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'ignores-sigterm.mjs', { instances: 1, stop: { timeout: '1s' } })
  const [pid = 0] = await up.pids('web')
  assert.equal((await app.get()).status, 200)
  const startedMs = performance.now()

  await up.ok('stop', 'web')

  const tookMs = performance.now() - startedMs
  assert.ok(!isAlive(pid))
  assert.ok(tookMs >= 900 && tookMs < 8000, `${tookMs} ms`)
  const exit = (await up.instances('web'))[0]?.lastExit
  assert.equal(exit?.signal, 'SIGKILL')
  await until(async () => (await up.logs('web')).includes('SIGTERM ignored'))
})

test('every command that had to kill a worker says so, also of one that another daemon started', async (t) => {
  const up = upkeep(t)
  const stop = { timeout: '200ms' }
  const app = await running(up, 'ignores-sigterm.mjs', { instances: 1, stop })
  const commands = {
    reload: () => up.ok('reload', 'web'),
    restart: () => up.ok('restart', 'web'),
    'scale down': async () => {
      await up.ok('scale', 'web', '2')
      return await up.ok('scale', 'web', '1')
    },
    'start after a change': () => up.ok('start', app.configure({ stop, env: { A: '1' } })),
    'start after a change of what stops first': () =>
      up.ok('start', app.configure({ stop, reload: 'stop-first' })),
    'reload of what stops first': () => up.ok('reload', 'web'),
    'reload after the daemon was replaced': async () => {
      await up.replaceDaemon()
      return await up.ok('reload', 'web')
    },
    delete: () => up.ok('delete', 'web'),
  }

  const silent: string[] = []
  for (const [name, command] of Object.entries(commands)) {
    const { stdout } = await command()
    if (!stdout.includes('(1 worker had to be killed at stop.timeout)')) silent.push(`${name}: ${stdout}`)
  }

  assert.deepEqual(silent, [])
})

test('grandchildren do not outlive a worker that is stopped', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'forks-grandchildren.mjs', { instances: 1 })
  const { pids } = (await app.get()).json<{ pids: number[] }>()
  assert.deepEqual(pids.filter(isAlive), pids)

  await up.ok('stop', 'web')

  await until(() => !pids.some(isAlive), { within: '5s' })
})

test('grandchildren do not outlive a worker that is killed', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'forks-grandchildren.mjs', { instances: 1 })
  const { pids } = (await app.get()).json<{ pids: number[] }>()
  const [worker = 0] = await up.pids('web')

  kill(worker)

  await until(() => !pids.some(isAlive), { within: '5s' })
  await up.untilState('web', 'ready')
})

for (const program of ['disconnects.mjs', 'closes-descriptors.mjs']) {
  test(`an app that closes its channel serves, reloads without loss and stops: ${program}`, async (t) => {
    const up = upkeep(t)
    const app = await running(up, program)
    const before = await up.pids('web')
    const clients = await load(t, { kind: 'get', port: app.port })

    await up.ok('reload', 'web')
    await clients.answers(100)

    const { outcomes, failures } = await clients.stop()
    assert.equal(lost(outcomes), 0, JSON.stringify(failures))
    assert.deepEqual(before.filter(isAlive), [])
    await up.ok('stop', 'web')
  })
}

test('a program that closes every descriptor it did not open runs, reloads and stops', async (t) => {
  const up = upkeep(t)
  await running(up, 'closes-descriptors.sh')
  const before = await up.pids('web')
  await until(async () => (await up.logs('web')).includes('all closed'))

  await up.ok('reload', 'web')
  assert.deepEqual(before.filter(isAlive), [])
  await up.replaceDaemon()
  await up.ok('stop', 'web')

  const exits = (await up.instances('web')).map(({ lastExit }) => lastExit?.signal)
  assert.deepEqual(exits, [null, null])
})

test('megabytes of output without a line break do not fill the memory of the daemon', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'floods-stdout.mjs', { instances: 1 })
  let mostBytes = 0

  await until(
    async () => {
      mostBytes = Math.max(mostBytes, (await up.daemon()).memoryBytes)
      return (await up.logs('web')).includes('flood over')
    },
    { within: '30s' },
  )

  assert.ok(mostBytes < 200 * 1024 * 1024, `${mostBytes} bytes`)
  assert.equal((await app.get()).status, 200)
})

test('bytes that are not UTF-8, and control characters, do no harm', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'invalid-utf8.mjs', { instances: 1 })

  const text = await until(async () => {
    const shown = await up.logs('web')
    return shown.includes('then good') && shown
  })

  assert.match(text, /then good: grüße/)
  const entries = (await up.ok('logs', 'web', '--json')).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.ok(entries.some(({ line }) => line.startsWith('bad ')))
  assert.equal((await app.get()).status, 200)
})

test('an app that listens on ten ports has ten sockets held, and reloads all without loss', async (t) => {
  const up = upkeep(t)
  const port = await freePort(10)
  await running(up, 'ten-ports.mjs', { port })
  const all = await Promise.all(
    [0, 5, 9].map((offset) => load(t, { kind: 'get', port: port + offset, clients: 5 })),
  )

  await up.ok('reload', 'web')
  await Promise.all(all.map((clients) => clients.answers(50)))

  for (const clients of all) assert.equal(lost((await clients.stop()).outcomes), 0)
  assert.equal((await up.app('web')).listening.length, 10)
})

test('an app that throws at boot: the start fails with what it said', async (t) => {
  const up = upkeep(t)

  const result = await up.fails(70, 'start', testApp('throws-at-boot.mjs'), '--name', 'web')

  assert.match(result.stderr, /Cannot start/)
  assert.match(result.stderr, /no database here/)
})

test('an app that exits with 78 at boot is not tried again', async (t) => {
  const up = upkeep(t)

  const result = await up.fails(70, 'start', testApp('exits-with-78.mjs'), '--name', 'web')

  assert.match(result.stderr, /DATABASE_URL is not set/)
  assert.match(result.stderr, /configuration/)
})

test('an app that exits at once with 0 is told, not restarted for ever', async (t) => {
  const up = upkeep(t)

  const result = await up.run('start', testApp('exits-at-once.mjs'), '--name', 'web')

  assert.equal(result.status, 70)
  assert.match(result.stderr, /ended/)
})

test('an app that reads process.on("message") never sees a message of ours', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'reads-messages.mjs')

  await up.ok('scale', 'web', '3')
  await up.ok('reload', 'web')
  await up.replaceDaemon()

  for (let count = 0; count < 6; count++) {
    assert.deepEqual((await app.get()).json<{ messages: unknown[] }>().messages, [])
  }
})

test('a consumer that never listens is ready after a while, and stops cleanly', async (t) => {
  const up = upkeep(t)
  await running(up, 'consumer.mjs')
  const pids = await up.pids('web')

  assert.equal((await up.app('web')).state, 'running')
  await up.ok('stop', 'web')
  assert.deepEqual(pids.filter(isAlive), [])
  const [exit] = (await up.instances('web')).map(({ lastExit }) => lastExit)
  assert.equal(exit?.signal, null)
})

test('an app that ends by itself is not kept alive by its channel', async (t) => {
  const up = upkeep(t)
  const entry = { name: 'job', script: testApp('ends-by-itself.mjs'), restart: 'never', ready: 'started' }

  await up.ok('start', up.config([{ ...entry, env: { WORK_MS: '100' } }]))

  const [instance] = await up.untilState('job', 'finished', '5s')
  assert.equal(instance?.lastExit?.code, 0)
  assert.ok((instance?.lastExit?.uptimeMs ?? Number.POSITIVE_INFINITY) < 3000)
})

for (const [what, script] of [
  ['', 'never-ready.mjs'],
  // Its output ends late, when the next try has begun.
  [', also when its pipes outlive it', 'never-ready-leaves-child.mjs'],
] as const) {
  test(`an app that never becomes ready fails its start at ready.timeout${what}`, async (t) => {
    const up = upkeep(t)
    const entry = { name: 'web', script: testApp(script), ready: { when: 'listening', timeout: '1s' } }

    const result = await up.fails(75, 'start', up.config([entry]))

    assert.match(result.stderr, /did not listen within 1 s/)
    assert.match(result.stderr, /still waiting for something/)
    assert.deepEqual(await up.list(), [])
  })
}

test('an app whose port is taken: one clear sentence', async (t) => {
  const up = upkeep(t)
  const { port } = await running(up, 'http.mjs', { name: 'first', instances: 1 })
  const second = { name: 'second', script: testApp('http.mjs'), env: { PORT: String(port) } }

  const result = await up.run('start', up.config([second]))

  assert.equal(result.status, 70)
  assert.match(result.stderr, /EADDRINUSE/)
  assert.match(result.stderr, new RegExp(String(port)))
  assert.equal((await get(port)).status, 200)
})

test('a daemon without descriptors left starts no more workers, goes on, and leaves no log pipes', async (t) => {
  const up = upkeep(t)
  const limited = ['-c', 'ulimit -n 80; exec "$0" "$@"', process.execPath, cliPath, 'daemon', 'start']
  await promisify(execFile)('sh', limited, { env: up.env })
  const { pid } = await up.daemon()
  const app = await running(up, 'http.mjs', { instances: 1 })
  const [worker] = await up.pids('web')

  for (const count of ['20', '21', '22', '23']) await up.fails(71, 'scale', 'web', count)

  assert.equal((await up.daemon()).pid, pid)
  assert.deepEqual(await up.pids('web'), [worker])
  assert.equal((await app.get()).status, 200)
  const pipes = () => readdirSync(join(up.home, 'run')).filter((name) => /^web\..*\.(?:out|err)$/.test(name))
  await until(() => pipes().length === 2, { show: pipes })
})

test('what an app puts in the place of its rest file neither ends nor holds the daemon', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const { pid } = await up.daemon()

  for (const place of [(path: string) => void mkdirSync(path), makeFifo, makeSocket]) {
    const [worker = 0] = await up.pids('web')
    place(restPathOf(readlinkSync(`/proc/${worker}/fd/1`)))
    kill(worker)
    await until(async () => (await up.pids('web')).some((each) => each !== worker))
  }

  assert.equal((await up.daemon()).pid, pid)
})

function makeFifo(path: string): void {
  assert.equal(spawnSync('mkfifo', [path]).status, 0)
}

function makeSocket(path: string): void {
  const script = 'require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, 9))'
  spawnSync(process.execPath, ['-e', script, path])
  assert.ok(lstatSync(path).isSocket())
}
