// The log module with real processes, without the daemon.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test as nodeTest, type TestContext } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LogEntry } from '../../src/protocol/control.ts'
import { readLogs } from '../../src/supervisor/logs/log-reader.ts'
import { WorkerOutput } from '../../src/supervisor/logs/worker-output.ts'
import {
  allBytes,
  allText,
  IdleSource,
  type LogsUnderTest,
  logsOf,
  namesIn,
  temporaryFolder,
} from '../support/logs.ts'
import { testApp } from '../support/package-root.ts'
import { isAlive, kill } from '../support/processes.ts'
import { until } from '../support/until.ts'

let lastWorkerId = 0

/** A test that hangs has failed. */
function test(name: string, run: (t: TestContext) => Promise<void>): void {
  nodeTest(name, { timeout: 60_000 }, run)
}

interface RunningWorker {
  readonly output: WorkerOutput
  readonly child: ChildProcess
  /** Resolves when the worker has exited and its output is in the files. */
  ended(graceMs?: number): Promise<void>
}

/** Starts a program of test/apps whose output goes to the log module. */
async function worker(
  t: TestContext,
  { logs, runDirectory, fifoStock }: LogsUnderTest,
  [program = '', ...args]: readonly string[],
): Promise<RunningWorker> {
  lastWorkerId++
  const output = await WorkerOutput.create({
    logs,
    runDirectory,
    fifoStock,
    owner: null,
    workerId: `w${lastWorkerId}`,
    instance: 0,
  })
  const child = spawn(process.execPath, [testApp(program), ...args], {
    stdio: ['ignore', output.stdoutFd, output.stderrFd],
  })
  output.spawned()
  t.after(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  return {
    output,
    child,
    async ended(graceMs = 10_000) {
      await exited
      await output.finish(graceMs)
    },
  }
}

function numbered(count: number): string {
  return Array.from({ length: count }, (_, line) => `line ${line} ${'x'.repeat(line % 100)}\n`).join('')
}

/** Equal, without printing megabytes when it is not. */
function assertSame(actual: string, expected: string): void {
  if (actual === expected) return
  const [got, wanted] = [actual.split('\n'), expected.split('\n')]
  const at = got.findIndex((line, index) => line !== wanted[index])
  assert.fail(`${got.length} lines instead of ${wanted.length}; line ${at}: "${got[at]}" for "${wanted[at]}"`)
}

test('2,000 lines a second are all there, at once and in order', async (t) => {
  const underTest = logsOf(t)
  const { ended } = await worker(t, underTest, ['log-lines.mjs', '4000', '2000'])

  await until(() => existsSync(join(underTest.directory, 'web', '0.out.log')))
  const early = allText(underTest.directory, '0.out').length
  await ended()

  assert.ok(early < numbered(4000).length)
  assertSame(allText(underTest.directory, '0.out'), numbered(4000))
  await underTest.fifoStock.close()
  assert.deepEqual(readdirSync(underTest.runDirectory), [])
})

for (const compress of [false, true]) {
  const how = compress ? 'compressed' : 'plain'
  test(`600,000 lines as fast as they come survive rotation, ${how}`, async (t) => {
    const underTest = logsOf(t, { maxSizeBytes: 2_000_000, compress })
    const { ended } = await worker(t, underTest, ['log-lines.mjs', '600000', '0'])

    await ended(60_000)

    assert.ok(namesIn(underTest.directory).length > 10)
    if (compress) {
      await until(() => !namesIn(underTest.directory).some((name) => /\.2.*\.log$/.test(name)), {
        within: '60s',
      })
    }
    assertSame(allText(underTest.directory, '0.out'), numbered(600_000))
  })
}

test('two workers that write to one file never tear or mix lines', async (t) => {
  const underTest = logsOf(t, { maxSizeBytes: 20_000 })
  const old = await worker(t, underTest, ['log-split-writes.mjs', 'old', '2000'])
  const young = await worker(t, underTest, ['log-split-writes.mjs', 'young', '2000'])

  await Promise.all([old.ended(), young.ended()])

  const lines = allText(underTest.directory, '0.out').split('\n').slice(0, -1)
  const expected = (name: string) =>
    Array.from({ length: 2000 }, (_, line) => `${name} ${line} ${'.'.repeat(line % 50)} ${name} ${line}`)
  assert.equal(lines.length, 4000)
  for (const name of ['old', 'young']) {
    assertSame(lines.filter((line) => line.startsWith(name)).join('\n'), expected(name).join('\n'))
  }
})

test('two workers that flood one file never tear or mix lines', async (t) => {
  const underTest = logsOf(t)
  const both = [
    await worker(t, underTest, ['log-lines.mjs', '50000', '0']),
    await worker(t, underTest, ['log-lines.mjs', '50000', '0']),
  ]

  await Promise.all(both.map(({ ended }) => ended()))

  const lines = allText(underTest.directory, '0.out').split('\n').slice(0, -1)
  const twice = numbered(50_000)
    .split('\n')
    .slice(0, -1)
    .flatMap((line) => [line, line])
  assertSame(lines.sort().join('\n'), twice.sort().join('\n'))
})

test('bytes that are no text are kept as they are, and shown as U+FFFD', async (t) => {
  const underTest = logsOf(t)
  const lines = underTest.feed.subscribe({ apps: ['web'] })
  const { ended } = await worker(t, underTest, ['log-bytes.mjs'])

  await ended()
  lines.close()

  const bytes = Buffer.concat([
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    Buffer.from('\n€\n'),
  ])
  assert.deepEqual(allBytes(underTest.directory, '0.out'), bytes)
  const shown = await collect(lines)
  assert.equal(shown.at(-1), '€')
  assert.deepEqual(shown, (await collect(read(underTest))).slice(-shown.length))
})

test('a flood without newlines is bounded per line and in memory', async (t) => {
  const underTest = logsOf(t, { maxSizeBytes: 3_000_000 })
  const lines = underTest.feed.subscribe({ apps: ['web'] })
  const { ended } = await worker(t, underTest, ['log-no-newlines.mjs', '20'])

  await ended()
  lines.close()

  const text = allText(underTest.directory, '0.out')
  assert.equal(text.replaceAll('\n', ''), 'x'.repeat(20_000_000))
  assert.ok(text.split('\n').every((line) => line.length <= 256 * 1024))
  assert.ok(namesIn(underTest.directory).length > 5)
})

test('JSON files hold every line as an object', async (t) => {
  const underTest = logsOf(t, { format: 'json', maxSizeBytes: 200_000 })
  const { ended } = await worker(t, underTest, ['log-lines.mjs', '5000', '0'])

  await ended()

  const objects = allText(underTest.directory, '0.out')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
  assertSame(objects.map(({ message }) => `${message}\n`).join(''), numbered(5000))
  assert.deepEqual(Object.keys(objects[0]), ['time', 'app', 'instance', 'stream', 'message'])
})

test('JSON files hold every line as an object, also one that is longer than a line may be', async (t) => {
  const underTest = logsOf(t, { format: 'json', maxSizeBytes: 200_000 })
  const { ended } = await worker(t, underTest, ['log-no-newlines.mjs', '1', '"'])

  await ended()

  const objects = allText(underTest.directory, '0.out')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
  assert.equal(objects.map(({ message }) => message).join(''), '"'.repeat(1_000_000))
  const seen = await collect(read(underTest))
  assert.equal(seen.join(''), '"'.repeat(1_000_000))
})

test('who reads and then follows gets every line once', async (t) => {
  const underTest = logsOf(t, { maxSizeBytes: 5_000 })
  const { ended } = await worker(t, underTest, ['log-lines.mjs', '2000', '2000'])
  await until(() => allText(underTest.directory, '0.out').length > 10_000)

  const follower = underTest.feed.subscribe({ apps: ['web'] })
  const past = readLogs({ ...underTest, app: 'web', query: { lines: 100_000, follow: true } })
  const seen = await collect(past)
  await ended()
  follower.close()
  seen.push(...(await collect(follower)))

  assertSame(`${seen.join('\n')}\n`, numbered(2000))
})

test('files that are moved away or removed under a writer are begun anew', async (t) => {
  const underTest = logsOf(t)
  const { directory } = underTest
  const file = join(directory, 'web', '0.out.log')
  const { ended } = await worker(t, underTest, ['log-lines.mjs', '8000', '2000'])

  await until(() => statSync(file).size > 10_000)
  renameSync(file, join(directory, 'moved'))
  await until(() => existsSync(file))
  const removedFrom = readFileSync(file, 'utf8')
  rmSync(join(directory, 'web'), { recursive: true })
  await until(() => existsSync(file))
  await ended()

  const moved = readFileSync(join(directory, 'moved'), 'utf8')
  const all = numbered(8000)
  assert.ok(all.startsWith(moved + removedFrom))
  assert.ok(all.endsWith(readFileSync(file, 'utf8')))
})

test('a flush in the middle of rotations leaves no line from before it', async (t) => {
  const { logs, directory } = logsOf(t, { maxSizeBytes: 100 })
  const file = logs.file(0, 'stdout')
  const source = new IdleSource(false)
  file.attach(source)
  let count = 0
  const write = () => file.append(source, Buffer.from(`${count++} ${'x'.repeat(60)}\n`))
  for (let line = 0; line < 20; line++) write()

  let isDone = false
  const flushed = logs.flush().finally(() => {
    isDone = true
  })
  while (!isDone) {
    write()
    await nextTurn()
  }
  await flushed
  write()

  const numbers = (allText(directory, '0.out').match(/^\d+/gm) ?? []).map(Number)
  const first = numbers[0] ?? 0
  assert.deepEqual(
    numbers,
    Array.from({ length: count - first }, (_, index) => first + index),
  )
})

test('a full disk loses nothing: the output waits in the pipe', async (t) => {
  const directory = temporaryFolder(t)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', directory])
  if (mounted.status !== 0) return t.skip('a small file system cannot be mounted here')
  try {
    const underTest = logsOf(t, {}, { directory })
    const ballast = join(directory, 'ballast')
    writeFileSync(ballast, Buffer.alloc(100_000))
    const { ended } = await worker(t, underTest, ['log-lines.mjs', '3000', '3000'])

    await until(() => underTest.problems.length > 0)
    assert.match(underTest.problems[0] ?? '', /^Cannot write the logs of "web": ENOSPC/)
    rmSync(ballast)
    await ended()

    assertSame(allText(directory, '0.out'), numbered(3000))
    assert.match(underTest.problems[1] ?? '', /works again/)
    assert.equal(underTest.problems.length, 2)
  } finally {
    spawnSync('umount', ['-l', directory])
  }
})

test('a process that the worker left behind does not keep its pipes open', async (t) => {
  const underTest = logsOf(t)
  const { ended } = await worker(t, underTest, ['log-leaves-child.mjs'])

  await ended(200)

  const [pid = '', ...rest] = allText(underTest.directory, '0.out').split('\n')
  t.after(() => kill(Number(pid)))
  assert.deepEqual(rest, ['last words', ''])
  assert.ok(isAlive(Number(pid)))
  await underTest.fifoStock.close()
  assert.deepEqual(readdirSync(underTest.runDirectory), [])
})

test('a worker whose pipes nothing leads to is adopted without output, and that is told', async (t) => {
  const { logs, runDirectory, fifoStock, problems } = logsOf(t)
  const { pid } = process

  const output = await WorkerOutput.adopt({
    logs,
    runDirectory,
    fifoStock,
    workerId: 'nobody',
    pid,
    instance: 0,
  })

  await output.finish(10_000)
  assert.match(problems[0] ?? '', /The pipes of worker nobody are gone/)
})

test('pipes whose files somebody removed are found where the worker has them open', async (t) => {
  const directory = temporaryFolder(t)
  const first = logsOf(t, {}, { directory })
  const { output, child } = await worker(t, first, ['log-lines.mjs', '2000', '2000'])
  const workerId = `w${lastWorkerId}`
  await until(() => allText(directory, '0.out').length > 5_000)
  output.close()
  await Promise.all([first.logs.close(), first.spooler.close()])
  for (const end of ['out', 'err']) rmSync(join(first.runDirectory, `${workerId}.${end}`))

  const second = logsOf(t, {}, { directory })
  const adopted = await WorkerOutput.adopt({ ...second, workerId, pid: child.pid ?? 0, instance: 0 })
  await once(child, 'exit')
  await adopted.finish(5_000)

  assertSame(allText(directory, '0.out'), numbered(2000))
  assert.deepEqual(second.problems, [])
})

test('FIFOs without a writer end at once when they are adopted', async (t) => {
  const { logs, runDirectory, fifoStock } = logsOf(t)
  const { pid } = process
  mkdirSync(runDirectory, { recursive: true })
  spawnSync('mkfifo', [join(runDirectory, 'dead.out'), join(runDirectory, 'dead.err')])

  const output = await WorkerOutput.adopt({
    logs,
    runDirectory,
    fifoStock,
    workerId: 'dead',
    pid,
    instance: 0,
  })
  const startedMs = performance.now()
  await output.finish(10_000)

  assert.ok(performance.now() - startedMs < 5_000)
  assert.deepEqual(readdirSync(runDirectory), [])
})

test('a daemon that leaves keeps the FIFOs for the next one', async (t) => {
  const directory = temporaryFolder(t)
  const first = logsOf(t, {}, { directory })
  const { output, child } = await worker(t, first, ['log-lines.mjs', '2000', '2000'])
  const workerId = `w${lastWorkerId}`
  await until(() => allText(directory, '0.out').length > 5_000)

  output.close()
  await Promise.all([first.logs.close(), first.spooler.close()])
  const second = logsOf(t, {}, { directory })
  const adopted = await WorkerOutput.adopt({ ...second, workerId, pid: child.pid ?? 0, instance: 0 })
  await once(child, 'exit')
  await adopted.finish(5_000)

  assertSame(allText(directory, '0.out'), numbered(2000))
})

test('a spooler that is killed again and again loses no line and doubles none', async (t) => {
  const underTest = logsOf(t)
  const { ended } = await worker(t, underTest, ['log-lines.mjs', '80000', '20000'])
  const { spooler, directory } = underTest

  let last: number | undefined
  for (let round = 0; round < 10; round++) {
    const pid = await until(() => spooler.pid !== last && spooler.pid)
    const before = allText(directory, '0.out').length
    await until(() => allText(directory, '0.out').length > before + 150_000)
    kill(pid)
    last = pid
  }
  await ended()

  assertSame(allText(directory, '0.out'), numbered(80_000))
  assert.deepEqual(underTest.problems, [])
})

test('without a spooler the pipes are read all the same, and that is told once', async (t) => {
  const underTest = logsOf(t, {}, { perl: '/nonexistent/perl' })
  const { ended } = await worker(t, underTest, ['log-lines.mjs', '4000', '4000'])

  await ended()

  assertSame(allText(underTest.directory, '0.out'), numbered(4000))
  assert.deepEqual(underTest.problems, ['spawn /nonexistent/perl ENOENT'])
  await underTest.fifoStock.close()
  assert.deepEqual(readdirSync(underTest.runDirectory), [])
})

function read({ directory }: LogsUnderTest): AsyncIterable<LogEntry> {
  return readLogs({ directory, app: 'web', query: { lines: 1000 } })
}

async function collect(entries: AsyncIterable<LogEntry>): Promise<string[]> {
  const lines: string[] = []
  for await (const { line } of entries) lines.push(line)
  return lines
}
