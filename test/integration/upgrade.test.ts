// A daemon of another version takes the place of the one that runs: nobody notices.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { promisify } from 'node:util'
import type { FailureData } from '../../src/base/failure.ts'
import type { Load } from '../support/load/load.ts'
import { load, NO_OUTCOMES } from '../support/load/load.ts'
import type { OtherVersion } from '../support/other-version.ts'
import { install } from '../support/other-version.ts'
import { packageRoot, testApp } from '../support/package-root.ts'
import { commandOf, isAlive, kill, processesWith } from '../support/processes.ts'
import { programOrSkip } from '../support/programs.ts'
import { request } from '../support/request.ts'
import type { RunningApp } from '../support/running-app.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

const UPGRADE_FAILED = 71
const DAEMON_BUSY = 75
const DAEMON_UNREACHABLE = 69

const HAND_OVER = 'dist/daemon/upgrade/predecessor.js'
const DAEMON = 'dist/daemon/daemon.js'
const KEEPER = 'dist/daemon/keeper.js'
const MAIN = 'dist/daemon/main.js'
const nodesFolder = join(packageRoot, 'test', 'nodes', 'node_modules')

test('a daemon of another version takes over under load: no request and no line is lost, workers stay', async (t) => {
  const up = upkeep(t)
  const { app, clients, workers } = await busy(t, up)
  const [before, next] = [await up.daemon(), installed(up, { version: '9.8.7' })]

  const { stdout } = await up.okWith({ cli: next }, 'upgrade')
  await flow(clients)

  const now = await up.daemon()
  assert.equal(now.version, '9.8.7')
  assert.match(stdout, /0\.1\.0 on Node .* -> 9\.8\.7 on Node .*; 3 workers went on/)
  assert.ok(!isAlive(before.pid))
  assert.deepEqual(await allPids(up), workers)
  await up.okWith({ cli: next }, 'reload', 'web')
  await flow(clients)
  await nothingLost(clients)
  await everyLineOnce(up)
  assert.equal((await app.get()).status, 200)
  assert.equal(daemonsOf(up).length, 1)
  await until(() => keepersOf(up).length === 1)
})

test('a daemon that took over is brought back by its own keeper', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const next = installed(up, { version: '9.8.7' })
  await up.okWith({ cli: next }, 'upgrade')
  const { pid } = await until(async () => {
    const status = await up.daemon()
    return status.keeperPid !== null && status
  })

  kill(pid)

  await until(async () => (await up.daemon()).pid !== pid)
  assert.equal((await up.daemon()).version, '9.8.7')
})

test('a new daemon that dies before it has a keeper: the old one goes on', async (t) => {
  const up = upkeep(t)
  const { clients, workers } = await busy(t, up)
  const { pid } = await up.daemon()
  const dies = "process.kill(process.pid, 'SIGKILL')"
  const next = installed(up, {
    version: '9.8.7',
    changes: [[KEEPER, 'this.#begin();', `${dies}; this.#begin();`]],
  })

  const { status, stderr } = await up.runWith({ cli: next }, 'upgrade')

  assert.equal(status, UPGRADE_FAILED, stderr)
  assert.match(stderr, /SIGKILL ended it/)
  assert.equal((await up.daemon()).pid, pid)
  assert.deepEqual(await allPids(up), workers)
  await flow(clients)
  await nothingLost(clients)
  await everyLineOnce(up)
})

for (const [when, step] of [
  ['before the new daemon has read the state', 'const { apps, isDamaged, problem }'],
  ['while the new daemon adopts', 'const adopted = '],
] as const) {
  test(`a home that is removed ${when}: no worker ends, and the apps are known`, async (t) => {
    const up = upkeep(t)
    const { clients, workers } = await busy(t, up)
    const remove = `(await import('node:fs')).rmSync('${up.home}', { recursive: true })`
    const next = installed(up, { version: '9.8.7', changes: [[DAEMON, step, `${remove}; ${step}`]] })

    assert.equal((await up.runWith({ cli: next }, 'upgrade')).status, UPGRADE_FAILED)

    await until(async () => (await up.run('daemon', 'status')).status === 0)
    assert.deepEqual(await allPids(up), workers)
    await flow(clients)
    await nothingLost(clients)
  })
}

test('a package that is replaced in its place: the daemon knows its version, and the new one takes over', async (t) => {
  const up = upkeep(t)
  const folder = join(up.folder, 'package')
  const first = install(folder, { version: '1.0.0' })
  const config = up.config([{ name: 'web', script: testApp('http.mjs'), env: { PORT: '0' } }])
  await up.okWith({ cli: first }, 'start', config)
  const workers = await up.pids('web')

  const second = install(folder, { version: '2.0.0' })
  assert.equal((await up.daemon()).version, '1.0.0')
  await up.okWith({ cli: second }, 'upgrade')

  assert.equal((await up.daemon()).version, '2.0.0')
  assert.deepEqual(await up.pids('web'), workers)
})

for (const [what, version, says] of [
  ['ends at once', { changes: [[MAIN, 'const {', 'throw new Error("no way in"); const {']] }, /no way in/],
  [
    'hangs before it is prepared',
    { changes: [[HAND_OVER, "this.#say({ type: 'prepared' })", 'setInterval(() => {}, 1000)']] },
    /not ready within 2 s/,
  ],
  [
    'ends when it has taken over all but the confirmation',
    { changes: [[HAND_OVER, "this.#say({ type: 'ready' })", 'throw new Error("too much for me")']] },
    /too much for me/,
  ],
  [
    'hangs when it has taken over all but the confirmation',
    { changes: [[HAND_OVER, "this.#say({ type: 'ready' })", 'setInterval(() => {}, 1000)']] },
    /not ready within 2 s/,
  ],
  [
    'cannot read the state',
    {
      changes: [
        ['dist/daemon/state/migrate-state.js', 'STATE_VERSION = STEPS.length + 1', 'STATE_VERSION = 1'],
      ],
    },
    /a newer Upkeep wrote it/,
  ],
] as readonly [string, Omit<OtherVersion, 'version'>, RegExp][]) {
  test(`a new daemon that ${what}: the old one goes on, and the command says why`, async (t) => {
    const up = upkeep(t)
    const { clients, workers } = await busy(t, up)
    const { pid } = await up.daemon()
    const next = installed(up, { version: '9.8.7', ...version })

    const { status, stderr } = await up.runWith({ cli: next }, 'upgrade', '--timeout', '2s')

    assert.equal(status, UPGRADE_FAILED, stderr)
    assert.match(stderr, says)
    assert.equal((await up.daemon()).pid, pid)
    assert.deepEqual(daemonsOf(up), [pid])
    assert.deepEqual(await allPids(up), workers)
    await flow(clients)
    await up.ok('reload', 'web')
    await flow(clients)
    await nothingLost(clients)
    await everyLineOnce(up)
  })
}

for (const [what, step] of [
  ['before it has let go of anything', 'await supervisor.freeze();'],
  ['when it has let go of the workers', 'workersAndAgents.forget();'],
] as const) {
  test(`an old daemon that fails ${what}: the new one goes on with all workers`, async (t) => {
    const up = upkeep(t)
    const broken = install(join(up.folder, 'broken'), {
      version: '0.0.9',
      changes: [[DAEMON, step, "throw new Error('stuck half-way');"]],
    })
    await up.okWith({ cli: broken }, 'daemon', 'start')
    const { clients, workers } = await busy(t, up)
    const { pid } = await up.daemon()

    const { stderr } = await up.fails(DAEMON_UNREACHABLE, 'upgrade')

    assert.match(stderr, /ended in the middle of the answer/)
    await until(async () => (await up.run('daemon', 'status')).status === 0)
    assert.equal((await up.daemon()).version, '0.1.0')
    await until(() => !isAlive(pid) && daemonsOf(up).length === 1, { show: () => daemonsOf(up) })
    assert.match(up.report(), /stuck half-way/)
    assert.deepEqual(await allPids(up), workers)
    await up.ok('reload', 'web')
    await flow(clients)
    await nothingLost(clients)
    await everyLineOnce(up)
  })
}

test('a new daemon that cannot be spawned costs nothing, and leaves no file open', async (t) => {
  const prlimit = programOrSkip(t, 'prlimit')
  if (prlimit === undefined) return
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const { pid } = await up.daemon()
  // With a small stack the kernel takes few arguments (execve(2)), which spawn throws at once.
  await promisify(execFile)(prlimit, [`--pid=${pid}`, '--stack=524288:'])
  const before = filesOf(pid, up.home)
  const command = [
    process.execPath,
    ...Array.from({ length: 49 }, (_, index) => `${index}`.padEnd(4096, 'x')),
  ]
  const body = JSON.stringify({ command, timeoutMs: 2000 })

  const answer = await request({
    socketPath: join(up.home, 'upkeep.sock'),
    path: '/v1/daemon/upgrade',
    method: 'POST',
    body,
  })

  const { error } = answer.json<{ error: FailureData }>()
  assert.equal(error.code, 'UPGRADE_FAILED', answer.body)
  assert.match(error.message, /the new one could not be started, spawn E2BIG/)
  assert.deepEqual(filesOf(pid, up.home), before)
  assert.equal((await up.daemon()).pid, pid)
  await up.ok('upgrade')
})

test('while a new daemon takes over, only that reads the pipes; looking works, operations are refused', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const { pid } = await up.daemon()
  const mayConfirm = join(up.folder, 'may-confirm')
  const wait = `while (!(await import('node:fs')).existsSync('${mayConfirm}')) await new Promise(setImmediate)`
  const say = "this.#say({ type: 'ready' })"
  const next = installed(up, { version: '9.8.7', changes: [[HAND_OVER, say, `${wait}; ${say}`]] })

  const upgrading = up.spawn({ cli: next }, 'upgrade', '--timeout', '60s')
  const other = await until(() => daemonsOf(up).find((each) => each !== pid && pipesOf(up, each) === 2))

  assert.equal(pipesOf(up, pid), 0)
  await until(async () => (await up.daemon()).pid === other)
  assert.equal((await up.app('web')).state, 'running')
  assert.match((await up.fails(DAEMON_BUSY, 'reload', 'web')).stderr, /being upgraded/)
  writeFileSync(mayConfirm, '')
  assert.equal((await upgrading.ended).status, 0)
  await up.ok('reload', 'web')
  assert.equal(pipesOf(up, other), 2)
})

test('connections that wait for an app without a living worker are answered after the upgrade', async (t) => {
  const up = upkeep(t)
  const mayBoot = join(up.folder, 'may-boot')
  writeFileSync(mayBoot, '')
  const app = await running(up, 'boots-when-told.mjs', { instances: 1, env: { MAY_BOOT: mayBoot } })
  const [worker = 0] = await up.pids('web')
  rmSync(mayBoot)
  kill(worker)
  await up.untilState('web', 'starting')
  const answer = app.get()

  await up.ok('upgrade')
  writeFileSync(mayBoot, '')

  assert.equal((await answer).status, 200)
})

test('an upgrade in the middle of an operation is refused, and works when that is done', async (t) => {
  const up = upkeep(t)
  const mayEnd = join(up.folder, 'may-end')
  await running(up, 'ends-when-told.mjs', { stop: { timeout: '60s' }, env: { MAY_END: mayEnd } })
  const stopping = up.spawn({}, 'stop', 'web')
  await until(async () => (await up.instances('web')).every(({ state }) => state === 'stopping'))

  const { stderr } = await up.fails(DAEMON_BUSY, 'upgrade')
  assert.match(stderr, /an operation on "web" is under way/)
  writeFileSync(mayEnd, '')
  assert.equal((await stopping.ended).status, 0)

  await up.ok('upgrade')
})

test('who follows logs or events is told that the daemon was replaced', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  const following = up.spawn({}, 'logs', 'web', '--follow')
  const watching = up.spawn({}, 'events', '--follow')
  await app.get('/log?text=before')
  await until(() => following.output.stdout.includes('before') && watching.output.stdout.includes('ready'))

  await up.ok('upgrade')

  for (const { status, stderr } of [await following.ended, await watching.ended]) {
    assert.equal(status, 69)
    assert.match(stderr, /the daemon was replaced/)
  }
})

test('a daemon in the foreground is not replaced behind the back of what looks after it', async (t) => {
  const up = upkeep(t)
  const run = up.spawn({}, 'daemon', 'run')
  await until(async () => (await up.run('daemon', 'status')).status === 0)

  const { stderr } = await up.fails(UPGRADE_FAILED, 'upgrade')

  assert.match(stderr, /it runs in the foreground/)
  await up.ok('daemon', 'stop')
  await run.ended
})

for (const node of otherNodes()) {
  test(`a daemon on another Node takes over: ${node}`, async (t) => {
    const up = upkeep(t)
    const { clients, workers } = await busy(t, up)

    await up.okWith({ node: join(nodesFolder, node, 'bin', 'node') }, 'upgrade')
    await flow(clients)

    assert.deepEqual(await allPids(up), workers)
    assert.notEqual((await up.daemon()).node, process.version)
    await up.ok('upgrade')
    await up.ok('reload', 'web')
    await flow(clients)
    await nothingLost(clients)
    await everyLineOnce(up)
  })
}

interface Busy {
  readonly app: RunningApp
  readonly clients: readonly Load[]
  readonly workers: readonly number[]
}

/** An app under load and one that writes lines all the time, told where its last number is. */
async function busy(t: TestContext, up: Upkeep): Promise<Busy> {
  const app = await running(up, 'http.mjs')
  await running(up, 'log-lines.mjs', {
    name: 'writer',
    instances: 1,
    args: ['1000000', '2000'],
    ready: 'started',
  })
  const clients = await Promise.all(
    (['get', 'connection'] as const).map((kind) => load(t, { kind, port: app.port, clients: 10 })),
  )
  await flow(clients)
  return { app, clients, workers: await allPids(up) }
}

async function allPids(up: Upkeep): Promise<number[]> {
  return [...(await up.pids('web')), ...(await up.pids('writer'))]
}

async function flow(clients: readonly Load[]): Promise<void> {
  await Promise.all(clients.map((each) => each.answers(100)))
}

async function nothingLost(clients: readonly Load[]): Promise<void> {
  for (const { outcomes, failures } of await Promise.all(clients.map((each) => each.stop())))
    assert.deepEqual(outcomes, { ...NO_OUTCOMES, ok: outcomes.ok }, JSON.stringify(failures))
}

/** Every line of the writer, in order and once, up to some that came after all else. */
async function everyLineOnce(up: Upkeep): Promise<void> {
  const numbers = async () => {
    const text = (await up.ok('logs', 'writer', '--raw', '-n', '1000000')).stdout
    return text.match(/^line \d+(?= )/gm) ?? []
  }
  const { length } = await numbers()
  const found = await until(async () => {
    const now = await numbers()
    return now.length > length && now
  })
  assert.deepEqual(
    found,
    found.map((_, number) => `line ${number}`),
  )
}

function installed(up: Upkeep, version: OtherVersion): string {
  return install(join(up.folder, 'other'), version)
}

function daemonsOf(up: Upkeep): number[] {
  return processesWith(up.home).filter(
    (pid) => commandOf(pid).includes('/daemon/main.js ') && !commandOf(pid).includes('/bin/keeper '),
  )
}

/** How many pipes of workers a process has open. */
function pipesOf(up: Upkeep, pid: number): number {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      return ''
    }
  })
  const isPipe = (link: string) =>
    link.startsWith(join(up.home, 'run', 'web.')) && /\.(?:out|err)$/.test(link)
  return links.filter(isPipe).length
}

/** The files of the home that a process has open, such as its log and its lock. */
function filesOf(pid: number, home: string): string[] {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    const link = `/proc/${pid}/fd/${fd}`
    return existsSync(link) ? readlinkSync(link) : ''
  })
  return links.filter((link) => link.startsWith(`${home}/`)).sort()
}

function keepersOf(up: Upkeep): number[] {
  return processesWith(up.home).filter((pid) => commandOf(pid).includes('/bin/keeper '))
}

function otherNodes(): string[] {
  const installed = existsSync(nodesFolder) ? readdirSync(nodesFolder) : []
  const [major] = process.versions.node.split('.')
  return installed.filter((name) => /^node-\d+$/.test(name) && name !== `node-${major}`)
}
