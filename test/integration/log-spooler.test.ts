// The process that moves what is in pipes, when it is stopped, killed, cannot be started, or its folder is gone.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test as nodeTest, type TestContext } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { FifoReader } from '../../src/supervisor/logs/pipe/fifo-reader.ts'
import { Spool } from '../../src/supervisor/logs/pipe/spool.ts'
import { type Moved, Spooler } from '../../src/supervisor/logs/pipe/spooler.ts'
import { temporaryFolder } from '../support/logs.ts'
import { testApp } from '../support/package-root.ts'
import { isAlive, kill } from '../support/processes.ts'
import { programOrSkip } from '../support/programs.ts'
import { until } from '../support/until.ts'

/** A test that hangs has failed. */
function test(name: string, run: (t: TestContext) => Promise<void>): void {
  nodeTest(name, { timeout: 60_000 }, run)
}

function spoolerUnderTest(t: TestContext) {
  const directory = join(temporaryFolder(t), 'a name\nwith "all" in it')
  const reasons: string[] = []
  mkdirSync(directory)
  const spooler = new Spooler({ directory, clock: systemClock, onUnusable: (reason) => reasons.push(reason) })
  // What keeps a daemon alive is not its spooler.
  const alive = setInterval(() => {}, 1_000)
  t.after(async () => {
    await spooler.close()
    clearInterval(alive)
  })
  return {
    directory,
    spooler,
    reasons,
    /** Makes a pipe of this name with something in it. */
    pipe: (name: string, content: string) => {
      const path = join(directory, name)
      assert.equal(spawnSync('mkfifo', [path]).status, 0)
      writeFileSync(`${path}.spool`, '')
      const fd = openSync(path, constants.O_RDWR)
      t.after(() => closeSync(fd))
      writeSync(fd, content)
    },
    take: (name: string) => new Promise<Moved>((resolve) => spooler.take(name, 0, 0, resolve)),
    spooled: (name: string) => readFileSync(join(directory, `${name}.spool`), 'utf8'),
  }
}

test('a spooler that is stopped is replaced, and nothing is lost', async (t) => {
  const { spooler, pipe, take, spooled } = spoolerUnderTest(t)
  pipe('web ü.0.out', 'one\n')
  await spooler.ready()
  const { pid = 0 } = spooler
  kill(pid, 'SIGSTOP')

  assert.equal(await take('web ü.0.out'), 'died')
  assert.equal(await take('web ü.0.out'), 4)

  assert.equal(spooled('web ü.0.out'), 'one\n')
  assert.equal(isAlive(pid), false)
})

test('what is in a pipe when its spooler dies still goes through the spool', async (t) => {
  const { directory, spooler, pipe } = spoolerUnderTest(t)
  const name = 'web.0.out'
  pipe(name, '')
  rmSync(join(directory, `${name}.spool`))
  const spool = Spool.tryOpen(join(directory, name), '/nowhere')
  assert.ok(spool)
  t.after(() => spool.close())
  await spooler.ready()
  const { pid = 0 } = spooler
  kill(pid, 'SIGSTOP')
  const fd = openSync(join(directory, name), constants.O_RDWR | constants.O_NONBLOCK)
  writeSync(fd, 'one\n')

  const taken: unknown[] = []
  const consumer = {
    take: (bytes: Buffer, spooledTo: number | undefined) => taken.push([bytes.toString(), spooledTo]),
    ended: () => {},
  }
  const reader = new FifoReader({ fd, consumer, spooling: { spooler, name, spool } })
  t.after(() => reader.close())
  kill(pid)
  await until(() => taken.length > 0)

  assert.deepEqual(taken, [['one\n', 4100]])
})

test('a spooler that is stopped does not keep a daemon from leaving', async (t) => {
  const { spooler } = spoolerUnderTest(t)
  await spooler.ready()
  const { pid = 0 } = spooler
  kill(pid, 'SIGSTOP')

  await spooler.close()

  assert.equal(isAlive(pid), false)
})

test('a spooler that is stopped ends with its daemon, with what it has in hand', async (t) => {
  const directory = temporaryFolder(t)
  const url = new URL('../../src/', import.meta.url).href
  const args = [
    testApp('log-daemon.mjs'),
    url,
    directory,
    'create',
    testApp('log-lines.mjs'),
    '1000000',
    '2000',
  ]
  const daemon = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => daemon.kill('SIGKILL'))
  const [said] = await once(daemon.stdout, 'data')
  const workerPid = Number(/reading (\d+)/.exec(String(said))?.[1])
  t.after(() => kill(workerPid))
  const spoolerPid = await until(() => Number(spoolersOf(daemon.pid ?? 0)[0]))
  kill(spoolerPid, 'SIGSTOP')

  daemon.kill('SIGKILL')

  await until(() => !isAlive(spoolerPid))
})

test('a spooler whose folder was removed and made again finds what is in the new one', async (t) => {
  const { directory, spooler, pipe, take, spooled } = spoolerUnderTest(t)
  await spooler.ready()
  rmSync(directory, { recursive: true })
  mkdirSync(directory)
  pipe('web.0.out', 'one\n')

  assert.equal(await take('web.0.out'), 4)

  assert.equal(spooled('web.0.out'), 'one\n')
})

test('without descriptors there is no spooler, that is told, and nothing else breaks', async (t) => {
  if (programOrSkip(t, 'prlimit') === undefined) return
  const { reasons, take } = spoolerUnderTest(t)
  // Started before, because nothing can be after.
  const script = `prlimit --pid=${process.pid} --nofile=3: && echo few; read x; prlimit --pid=${process.pid} --nofile=1024: && echo many`
  const limiter = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const said = () => once(limiter.stdout, 'data').then(String)

  assert.equal(await said(), 'few\n')
  const moved = take('web.0.out')
  await until(() => reasons.length > 0)
  limiter.stdin.write('\n')

  assert.equal(await said(), 'many\n')
  assert.equal(await moved, 'failed')
  assert.match(reasons[0] ?? '', /EMFILE/)
})

function spoolersOf(pid: number): string[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  return children.filter((child) => readFileSync(`/proc/${child}/comm`, 'utf8') === 'perl\n')
}
