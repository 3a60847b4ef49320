import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import type { LogSpec } from '../../src/protocol/app-spec.ts'
import type { LogFile } from '../../src/supervisor/logs/file/log-file.ts'
import { MAX_LINE_BYTES } from '../../src/supervisor/logs/line-splitter.ts'
import { LogProblems } from '../../src/supervisor/logs/log-problems.ts'
import { allText, IdleSource, logsOf, namesIn, temporaryFolder } from '../support/logs.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

class FakeSource extends IdleSource {
  readonly #file: LogFile
  isHeld = false

  constructor(file: LogFile, isAdopted = false) {
    super(isAdopted)
    this.#file = file
    file.attach(this)
  }

  write(text: string): void {
    this.#file.append(this, Buffer.from(text))
  }

  end(): void {
    this.#file.detach(this)
  }

  override hold(): void {
    this.isHeld = true
  }

  override release(): void {
    this.isHeld = false
  }
}

function fileUnderTest(t: TestContext, spec: Partial<LogSpec> = {}, directory = temporaryFolder(t)) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1))
  const underTest = logsOf(t, spec, { clock, directory })
  const file = underTest.logs.file(0, 'stdout')
  const path = join(directory, 'web', '0.out.log')
  const source = (isAdopted = false) => new FakeSource(file, isAdopted)
  return { ...underTest, clock, file, path, source, text: () => allText(directory, '0.out') }
}

describe('the line owner', () => {
  test('keeps the others waiting until its line ends', (t) => {
    const { source, text } = fileUnderTest(t)
    const [old, young] = [source(), source()]

    old.write('first ha')
    assert.deepEqual([old.isHeld, young.isHeld], [false, true])
    old.write('lf\n')
    assert.deepEqual([old.isHeld, young.isHeld], [false, false])
    young.write('second\n')

    assert.equal(text(), 'first half\nsecond\n')
  })

  test('holds a pipe that comes in the middle of a line', (t) => {
    const { source } = fileUnderTest(t)
    source().write('half')

    assert.equal(source().isHeld, true)
  })

  test('loses its turn after a second', (t) => {
    const { clock, source, text } = fileUnderTest(t)
    const [old, young] = [source(), source()]

    old.write('waits for inp')
    clock.advance(1000)
    assert.equal(young.isHeld, false)
    young.write('goes on\n')
    old.write('ut\n')

    assert.equal(text(), 'waits for inp\ngoes on\nut\n')
  })

  test('may still finish its line after that if nobody wrote', (t) => {
    const { clock, source, text } = fileUnderTest(t)
    const [old] = [source(), source()]

    old.write('slow')
    clock.advance(1000)
    old.write(' line\n')

    assert.equal(text(), 'slow line\n')
  })

  test('has a second for each line', (t) => {
    const { clock, source } = fileUnderTest(t)
    const [old, young] = [source(), source()]

    old.write('a')
    clock.advance(900)
    old.write('\nb')
    clock.advance(900)

    assert.equal(young.isHeld, true)
  })

  test('that ends in mid-line leaves its line alone', (t) => {
    const { source, text } = fileUnderTest(t)
    const [old, young] = [source(), source()]

    old.write('killed he')
    old.end()
    assert.equal(young.isHeld, false)
    young.write('new\n')

    assert.equal(text(), 'killed he\nnew\n')
  })
})

describe('a file that was there before', () => {
  test('an adopted worker continues its unfinished line', (t) => {
    const { path, source, text } = fileUnderTest(t)
    mkdirSync(join(path, '..'))
    writeFileSync(path, 'done\nhalf')

    source(true).write(' a line\n')

    assert.equal(text(), 'done\nhalf a line\n')
  })

  test('a new worker does not', (t) => {
    const { path, source, text } = fileUnderTest(t)
    mkdirSync(join(path, '..'))
    writeFileSync(path, 'done\nhalf')

    source().write('new\n')

    assert.equal(text(), 'done\nhalf\nnew\n')
  })
})

describe('rotation', () => {
  test('by size happens between lines and loses nothing', (t) => {
    const { source, text, directory } = fileUnderTest(t, { maxSizeBytes: 100 })
    const lines = Array.from({ length: 200 }, (_, index) => `this is line ${index}\n`).join('')
    const writer = source()

    for (let at = 0; at < lines.length; at += 33) writer.write(lines.slice(at, at + 33))

    assert.equal(text(), lines)
    for (const name of namesIn(directory).filter((each) => each.endsWith('.log'))) {
      const content = readFileSync(join(directory, 'web', name), 'utf8')
      // A line that was begun in time may end beyond the bound.
      assert.ok(content.length <= 116 && content.endsWith('\n'), `${name}: ${content}`)
    }
  })

  test('of several files in one millisecond gives each its own name', (t) => {
    const { source, directory } = fileUnderTest(t, { maxSizeBytes: 10 })

    source().write('12345678\n'.repeat(20))

    assert.equal(namesIn(directory).filter((name) => name.endsWith('.log')).length, 20)
  })

  test('a line longer than a file gets a file of its own', (t) => {
    const { source, text } = fileUnderTest(t, { maxSizeBytes: 10 })

    source().write(`a\n${'x'.repeat(50)}\nb\n`)

    assert.equal(text(), `a\n${'x'.repeat(50)}\nb\n`)
  })

  test('by age happens at the first line after it', (t) => {
    const { source, clock, directory } = fileUnderTest(t, { rotateEveryMs: 60_000 })
    const writer = source()

    writer.write('old\n')
    clock.advance(59_000)
    writer.write('old too\nunfin')
    clock.advance(2_000)
    writer.write('ished\nnew\n')

    assert.deepEqual(contents(directory, '0.out'), ['old\nold too\nunfinished\n', 'new\n'])
  })

  test('by age is the same when the clock is set meanwhile', (t) => {
    const { source, clock, directory } = fileUnderTest(t, { rotateEveryMs: 60_000 })
    const writer = source()

    writer.write('old\n')
    clock.shift(3_600_000)
    writer.write('old too\n')
    clock.shift(-86_400_000)
    clock.advance(61_000)
    writer.write('new\n')

    assert.deepEqual(contents(directory, '0.out'), ['old\nold too\n', 'new\n'])
  })

  test('keeps as many as asked for and not more bytes than allowed, and compresses the rest', async (t) => {
    const { source, directory, text } = fileUnderTest(t, { maxSizeBytes: 1000, keep: 3, compress: true })
    const line = `${'x'.repeat(99)}\n`

    source().write(line.repeat(100))

    await until(() => namesIn(directory).filter((name) => name.endsWith('.log.gz')).length === 3)
    await until(() => namesIn(directory).filter((name) => /2.*\.log$/.test(name)).length === 0)
    assert.equal(text(), line.repeat(40))
  })

  test('removes the oldest beyond the bound of all files together', async (t) => {
    const { source, directory } = fileUnderTest(t, { maxSizeBytes: 1000, maxTotalBytes: 3500 })

    source().write(`${'x'.repeat(99)}\n`.repeat(100))

    await until(() => namesIn(directory).filter((name) => name.endsWith('.log')).length === 3)
  })

  test('finishes what a killed daemon left', async (t) => {
    const { path, file, source, directory } = fileUnderTest(t, { compress: true })
    mkdirSync(join(path, '..'))
    writeFileSync(join(path, '..', '0.out.20260101T000000.000Z.log'), 'old\n')
    writeFileSync(join(path, '..', '0.out.20260101T000000.000Z.log.gz.tmp'), 'half')

    source().write('new\n')

    assert.ok(file.isOpen)
    await until(
      () => namesIn(directory).join() === '0.out.20260101T000000.000Z.log.gz,0.out.log,0.out.log.times',
    )
  })
})

describe('what others do to the files', () => {
  test('a file that was moved is begun anew within a second', (t) => {
    const { path, source, clock } = fileUnderTest(t)
    const writer = source()

    writer.write('one\nha')
    renameSync(path, `${path}.1`)
    clock.advance(1_100)
    writer.write('lf\ntwo\n')

    assert.equal(readFileSync(`${path}.1`, 'utf8'), 'one\nhalf\n')
    assert.equal(readFileSync(path, 'utf8'), 'two\n')
  })

  test('a removed folder is made again', (t) => {
    const { path, source, clock } = fileUnderTest(t)
    const writer = source()

    writer.write('one\n')
    rmSync(join(path, '..'), { recursive: true })
    clock.advance(1_100)
    writer.write('two\n')

    assert.equal(readFileSync(path, 'utf8'), 'two\n')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700)
  })

  test('a file that was emptied counts from nothing', (t) => {
    const { path, source, clock, directory } = fileUnderTest(t, { maxSizeBytes: 100 })
    const writer = source()

    writer.write(`${'x'.repeat(90)}\n`)
    truncateSync(path)
    clock.advance(1_100)
    writer.write('short\n')
    writer.write('shorter\n')

    assert.deepEqual(contents(directory, '0.out'), ['short\nshorter\n'])
  })
})

describe('a disk that refuses', () => {
  test('holds all pipes, keeps what was read, and goes on when it can', (t) => {
    const { path, source, clock, logs, problems, text } = fileUnderTest(t)
    assert.equal(logs.problem, null)
    writeFileSync(join(path, '..'), 'a file where the folder should be')
    const [one, two] = [source(), source()]

    one.write('first\n')
    assert.deepEqual([one.isHeld, two.isHeld], [true, true])
    assert.match(logs.problem ?? '', /^Cannot write the logs of "web": /)
    clock.advance(1_000)
    clock.advance(1_000)
    assert.equal(problems.length, 1)
    rmSync(join(path, '..'))
    clock.advance(1_000)

    assert.deepEqual([one.isHeld, two.isHeld], [false, false])
    assert.equal(text(), 'first\n')
    assert.equal(logs.problem, null)
    assert.match(
      problems.join('\n'),
      /^Cannot write the logs of "web": .*\nWriting the logs of "web" works again/,
    )
  })
})

describe('what is wrong', () => {
  test('a rotation that fails is a problem until the file is begun anew', (t) => {
    const { path, source, clock, logs, problems, text } = fileUnderTest(t, { maxSizeBytes: 10 })
    const writer = source()
    writer.write('12345678\n')

    rmSync(path)
    writer.write('goes on\n')
    assert.match(logs.problem ?? '', /^Cannot rotate .*0\.out\.log: .*; it grows on$/)
    clock.advance(1_100)
    writer.write('anew\n')

    assert.equal(logs.problem, null)
    assert.deepEqual(problems.slice(1), ['Rotating the logs of "web" works again'])
    assert.equal(text(), 'anew\n')
  })

  test('old logs that cannot be tidied are a problem until they can', async (t) => {
    const { source, directory, logs, problems } = fileUnderTest(t, { maxSizeBytes: 10, keep: 0 })
    const writer = source()
    const blocking = join(directory, 'web', '0.out.20250101T000000.000Z.log', 'inside')
    mkdirSync(blocking, { recursive: true })

    writer.write('12345678\n12345678\n')
    await until(() => /^Cannot tidy the old logs of "web" in /.test(logs.problem ?? ''))
    rmSync(join(blocking, '..'), { recursive: true })
    writer.write('12345678\n')

    await until(() => logs.problem === null)
    assert.deepEqual(problems.slice(1), ['Tidying the old logs of "web" works again'])
  })

  test('the last problem is shown, and each is over when its last place is', () => {
    const told: string[] = []
    const problems = new LogProblems((text) => told.push(text))

    problems.begin('tidying', '/logs', 'no tidying')
    problems.begin('writing', 'a', 'no writing')
    problems.begin('writing', 'b', 'no writing to b')
    assert.equal(problems.current, 'no writing')
    problems.end('writing', 'a', 'writing')
    assert.equal(problems.current, 'no writing')
    problems.end('writing', 'b', 'writing')
    problems.end('writing', 'b', 'writing')

    assert.equal(problems.current, 'no tidying')
    assert.deepEqual(told, ['no tidying', 'no writing', 'writing'])
  })
})

describe('flush', () => {
  test('removes old files and begins new ones', async (t) => {
    const { logs, source, directory, text } = fileUnderTest(t, { maxSizeBytes: 10 })
    const writer = source()
    writer.write('12345678\n'.repeat(5))
    appendFileSync(join(directory, 'web', '7.err.log'), 'an instance that is gone\n')

    await logs.flush()
    writer.write('after\n')

    assert.equal(text(), 'after\n')
    assert.deepEqual(namesIn(directory), ['0.out.log', '0.out.log.times'])
  })
})

test('a flood without newlines gets one every 256 KB', (t) => {
  const { source, text } = fileUnderTest(t)
  const writer = source()

  for (let chunk = 0; chunk < 100; chunk++) writer.write('x'.repeat(10_000))

  const lines = text().split('\n')
  assert.equal(lines.join(''), 'x'.repeat(1_000_000))
  assert.deepEqual(
    lines.map((line) => line.length),
    [MAX_LINE_BYTES, MAX_LINE_BYTES, MAX_LINE_BYTES, 1_000_000 - 3 * MAX_LINE_BYTES],
  )
})

function contents(directory: string, series: string): string[] {
  return namesIn(directory)
    .filter((name) => name.startsWith(series) && name.endsWith('.log'))
    .map((name) => readFileSync(join(directory, 'web', name), 'utf8'))
}
