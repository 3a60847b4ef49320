import assert from 'node:assert/strict'
import { pbkdf2 } from 'node:crypto'
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import type { LogSpec } from '../../src/protocol/app-spec.ts'
import type { LogEntry, LogQuery, LogStream } from '../../src/protocol/control.ts'
import type { AppLogs } from '../../src/supervisor/logs/app-logs.ts'
import type { LineSource } from '../../src/supervisor/logs/file/line-turns.ts'
import { readLogs } from '../../src/supervisor/logs/log-reader.ts'
import { IdleSource, logsOf, namesIn } from '../support/logs.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

const derive = promisify(pbkdf2)
const START_MS = Date.UTC(2026, 0, 1)

function written(t: TestContext, spec: Partial<LogSpec> = {}) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1))
  const underTest = logsOf(t, spec, { clock })
  const say = (text: string, { instance = 0, stream = 'stdout' as LogStream, afterMs = 100 } = {}) => {
    clock.advance(afterMs)
    write(underTest.logs, instance, stream, text)
  }
  const read = (query: LogQuery = {}) => collect(readLogs({ ...underTest, app: 'web', query }))
  const lines = async (query: LogQuery = {}) => (await read(query)).map(({ line }) => line)
  return { ...underTest, clock, say, read, lines }
}

test('the last lines of all instances and streams come in the order of time', async (t) => {
  const { say, read } = written(t)
  say('a\n')
  say('b\n', { instance: 1 })
  say('c\n', { stream: 'stderr' })
  say('d\n')

  assert.deepEqual(await read({ lines: 3 }), [
    { time: '2026-01-01T00:00:00.200Z', app: 'web', instance: 1, stream: 'stdout', line: 'b' },
    { time: '2026-01-01T00:00:00.300Z', app: 'web', instance: 0, stream: 'stderr', line: 'c' },
    { time: '2026-01-01T00:00:00.400Z', app: 'web', instance: 0, stream: 'stdout', line: 'd' },
  ])
})

test('lines of one moment stay with their worker', async (t) => {
  const { say, lines } = written(t)
  say('Error: x\n  at a\n  at b\n', { stream: 'stderr' })
  say('Error: y\n  at c\n', { stream: 'stderr', instance: 1, afterMs: 0 })

  assert.deepEqual(await lines(), ['Error: x', '  at a', '  at b', 'Error: y', '  at c'])
})

test('instance and stream choose', async (t) => {
  const { say, lines } = written(t)
  say('a\n')
  say('b\n', { instance: 1 })
  say('c\n', { stream: 'stderr' })

  assert.deepEqual(await lines({ instance: 1 }), ['b'])
  assert.deepEqual(await lines({ stream: 'stderr' }), ['c'])
})

test('fifteen lines are shown when no number is asked for', async (t) => {
  const { say, lines } = written(t)
  say(numbered(0, 100))

  assert.deepEqual(await lines(), numbered(85, 100).split('\n').slice(0, -1))
})

for (const compress of [false, true]) {
  test(`lines go back through rotated files${compress ? ' that are compressed' : ''}`, async (t) => {
    const { say, lines, directory } = written(t, { maxSizeBytes: 1000, compress })
    for (let line = 0; line < 1000; line += 10) say(numbered(line, line + 10))
    if (compress) await until(() => namesIn(directory).filter((name) => /2.*\.log$/.test(name)).length === 0)

    for (const count of [1, 100, 999, 1000, 5000]) {
      const expected = numbered(Math.max(0, 1000 - count), 1000)
        .split('\n')
        .slice(0, -1)
      assert.deepEqual(await lines({ lines: count }), expected, `${count} lines`)
    }
  })

  test(`since finds the first line at that time${compress ? ' in compressed files' : ''}`, async (t) => {
    const { say, lines, directory } = written(t, { maxSizeBytes: 1000, compress })
    for (let line = 0; line < 1000; line++) say(numbered(line, line + 1))
    if (compress) await until(() => namesIn(directory).filter((name) => /2.*\.log$/.test(name)).length === 0)

    for (const first of [0, 1, 499, 998, 999]) {
      const sinceMs = START_MS + (first + 1) * 100
      assert.deepEqual(
        await lines({ sinceMs }),
        numbered(first, 1000).split('\n').slice(0, -1),
        `from ${first}`,
      )
    }
    assert.deepEqual(await lines({ sinceMs: START_MS + 1e9 }), [])
    assert.deepEqual(await lines({ sinceMs: START_MS + 50_000, lines: 2 }), ['line 998', 'line 999'])
  })
}

test('a line has the time of its beginning', async (t) => {
  const { say, read, lines } = written(t)
  say('one\ntw')
  say('o\nthree\n')

  assert.deepEqual(
    (await read()).map(({ time }) => time.slice(-4)),
    ['100Z', '100Z', '200Z'],
  )
  assert.deepEqual(await lines({ sinceMs: START_MS + 200 }), ['three'])
})

test('without an index the lines have the time of the file', async (t) => {
  const { say, read, directory } = written(t)
  say('one\ntwo\n')
  rmSync(join(directory, 'web', '0.out.log.times'))

  const entries = await read()

  assert.deepEqual(
    entries.map(({ line }) => line),
    ['one', 'two'],
  )
  assert.ok(entries.every(({ time }) => Math.abs(Date.parse(time) - Date.now()) < 60_000))
})

test('an index full of nonsense costs no line', async (t) => {
  const { say, lines, directory } = written(t)
  say(numbered(0, 100))
  writeFileSync(join(directory, 'web', '0.out.log.times'), Buffer.alloc(16 * 50 + 7, 0xfe))

  assert.deepEqual(await lines({ lines: 100 }), numbered(0, 100).split('\n').slice(0, -1))
  await lines({ sinceMs: START_MS })
})

test('JSON files give back the lines as they were written', async (t) => {
  const { say, read, logs } = written(t)
  logs.configure({ ...logs.spec, format: 'json' })
  appendFileSync(
    fileOf(logs),
    '{"time":"2026-01-01T00:00:01.000Z","app":"web","instance":0,"stream":"stdout","message":"hi"}\n',
  )
  appendFileSync(
    fileOf(logs),
    '{"app":"web","instance":0,"stream":"stdout","levelName":"info","level":30,"time":1767225602000,"msg":"x"}\n',
  )
  say('')

  assert.deepEqual(
    (await read()).map(({ time, line }) => [time, line]),
    [
      ['2026-01-01T00:00:01.000Z', 'hi'],
      ['2026-01-01T00:00:02.000Z', '{"level":30,"time":1767225602000,"msg":"x"}'],
    ],
  )
})

test('an unfinished last line is shown, but left to the feed when it follows', async (t) => {
  const { say, lines } = written(t)
  say('one\ntw')

  assert.deepEqual(await lines(), ['one', 'tw'])
  assert.deepEqual(await lines({ follow: true }), ['one'])
})

test('what is written after the call is not read, even when the file is rotated meanwhile', async (t) => {
  const { say, directory } = written(t, { maxSizeBytes: 100 })
  say(numbered(0, 9))

  const reading = readLogs({ directory, app: 'web', query: { lines: 100 } })
  for (let line = 9; line < 50; line++) say(numbered(line, line + 1))

  assert.deepEqual(
    (await collect(reading)).map(({ line }) => line),
    numbered(0, 9).split('\n').slice(0, -1),
  )
})

test('a file that is rotated just when it is opened is read where it went', async (t) => {
  const { say, read, directory } = written(t, { maxSizeBytes: 100 })
  say(numbered(0, 9))
  const expected = await read({ lines: 2 })
  const reading = readLogs({ directory, app: 'web', query: { lines: 2 } })
  const threads = occupyThreads()

  const entries = collect(reading)
  for (let line = 9; line < 50; line++) say(numbered(line, line + 1))
  await threads

  assert.deepEqual(await entries, expected)
})

test('a damaged archive is read as far as it goes', async (t) => {
  const { say, lines, directory } = written(t)
  say('new\n')
  const whole = gzipSync(numbered(0, 10_000))
  writeFileSync(
    join(directory, 'web', '0.out.20251231T000000.000Z.log.gz'),
    whole.subarray(0, whole.length / 2),
  )

  const found = await lines({ lines: 100_000 })

  assert.equal(found[0], 'line 0')
  assert.equal(found.at(-1), 'new')
})

test('an app without logs has none', async (t) => {
  const { lines } = written(t)

  assert.deepEqual(await lines(), [])
})

test('a file of many megabytes is read in little memory', async (t) => {
  const { say, directory } = written(t)
  say('x\n')
  const line = `${'y'.repeat(999)}\n`
  for (let megabyte = 0; megabyte < 60; megabyte++) {
    appendFileSync(join(directory, 'web', '0.out.log'), line.repeat(1000))
  }
  const beforeBytes = heldBytes()
  let peakBytes = 0
  let count = 0

  for await (const entry of readLogs({ directory, app: 'web', query: { sinceMs: 0 } })) {
    count += entry.line.length > 0 ? 1 : 0
    if (count % 5000 === 0) peakBytes = Math.max(peakBytes, heldBytes())
  }

  assert.equal(count, 60_001)
  assert.ok(peakBytes - beforeBytes < 10e6, `grew by ${peakBytes - beforeBytes}`)
})

/** Memory that is in use, without what is only waiting to be collected. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collectGarbage: () => void = runInNewContext('gc')
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function collect(entries: AsyncIterable<LogEntry>): Promise<LogEntry[]> {
  const all: LogEntry[] = []
  for await (const entry of entries) all.push(entry)
  return all
}

function numbered(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => `line ${from + index}\n`).join('')
}

function fileOf(logs: AppLogs): string {
  mkdirSync(logs.directory, { recursive: true })
  return join(logs.directory, '0.out.log')
}

const sources = new WeakMap<object, LineSource>()

function write(logs: AppLogs, instance: number, stream: LogStream, text: string): void {
  const file = logs.file(instance, stream)
  const source = sources.get(file) ?? new IdleSource(true)
  sources.set(file, source)
  if (text !== '') file.append(source, Buffer.from(text))
}

/** Nothing is opened before this resolves: files are opened by the threads of libuv. */
async function occupyThreads(): Promise<void> {
  const threads = Number(process.env.UV_THREADPOOL_SIZE ?? 4)
  await Promise.all(Array.from({ length: threads }, () => derive('password', 'salt', 100_000, 32, 'sha256')))
}
