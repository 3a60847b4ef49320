import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { jsonLineRenderer, tryParseJsonLine } from '../../src/supervisor/logs/json-line.ts'
import { LineSplitter, MAX_LINE_BYTES } from '../../src/supervisor/logs/line-splitter.ts'
import { Tail } from '../../src/supervisor/logs/pipe/tail.ts'

describe('the line splitter', () => {
  test('joins lines over chunks of any size', () => {
    const bytes = Buffer.from('one\ntwo €\r\n\nfour')
    for (let size = 1; size <= bytes.length; size++) {
      const splitter = new LineSplitter()
      const lines = chunksOf(bytes, size).flatMap((chunk) => splitter.push(chunk))

      assert.deepEqual([...lines, ...splitter.finish()], ['one', 'two €', '', 'four'], `chunks of ${size}`)
    }
  })

  test('shows invalid UTF-8 as U+FFFD', () => {
    assert.deepEqual(new LineSplitter().push(Buffer.from([0x61, 0xff, 0xc3, 10])), ['a\ufffd\ufffd'])
  })

  test('ends a line at 256 KB, between characters', () => {
    const splitter = new LineSplitter()
    const flood = Buffer.from('€'.repeat(200_000))

    const lines = [...chunksOf(flood, 60_000).flatMap((chunk) => splitter.push(chunk)), ...splitter.finish()]

    assert.equal(lines.join(''), flood.toString())
    assert.ok(lines.every((line) => Buffer.byteLength(line) <= MAX_LINE_BYTES))
    assert.equal(lines.length, 3)
  })

  test('begins in the middle of a line with what came before', () => {
    assert.deepEqual(new LineSplitter(Buffer.from('half')).push(Buffer.from(' done\n')), ['half done'])
  })
})

describe('the tail', () => {
  test('keeps the last lines in 16 KB', () => {
    const tail = new Tail()
    for (let line = 0; line < 5000; line++) tail.push(Buffer.from(`line ${line}\n`))

    assert.deepEqual(tail.lastLines(2), ['line 4998', 'line 4999'])
    assert.ok(tail.lastLines(1e6).length < 2000)
  })

  test('takes a chunk larger than itself', () => {
    const tail = new Tail()
    tail.push(Buffer.from(`${'x'.repeat(100_000)}\nend`))

    assert.deepEqual(tail.lastLines(1), ['end'])
    assert.equal(tail.unfinishedLine().toString(), 'end')
  })

  test('strips control characters and colours but not tabs', () => {
    const tail = new Tail()
    tail.push(Buffer.from('\x1b[31mred\x1b[0m\tand \x07bell\r\n'))

    assert.deepEqual(tail.lastLines(5), ['red\tand bell'])
  })
})

describe('a line of a JSON file', () => {
  const origin = { time: '2026-01-01T00:00:00.000Z', app: 'we"b', instance: 2, stream: 'stderr' } as const
  const cases = [
    ['plain text', 'hello "you"', { ...origin, message: 'hello "you"' }],
    ['not quite JSON', '{"a":1', { ...origin, message: '{"a":1' }],
    ['an array is text', '[1]', { ...origin, message: '[1]' }],
    ['an empty object', '{}', origin],
    [
      'pino',
      '{"level":50,"time":1700000000000,"pid":7,"msg":"no"}',
      {
        app: 'we"b',
        instance: 2,
        stream: 'stderr',
        levelName: 'error',
        level: 50,
        time: 1700000000000,
        pid: 7,
        msg: 'no',
      },
    ],
    ['winston', '{"level":"warn","message":"hm","x":1}', { ...origin, level: 'warn', message: 'hm', x: 1 }],
    ['its own app wins', '{"app":"other","v":1}', { ...origin, app: 'other', v: 1 }],
  ] as const

  for (const [name, line, expected] of cases) {
    test(`${name}: is rendered and read back`, () => {
      const rendered = jsonLineRenderer(origin)(line)

      assert.deepEqual(JSON.parse(rendered), expected)
      assert.equal(JSON.stringify(JSON.parse(rendered)), rendered, 'no key comes twice')
      assert.equal(tryParseJsonLine(rendered)?.line, line)
    })
  }

  test('numbers too large for JavaScript stay as they are', () => {
    assert.match(jsonLineRenderer(origin)('{"id":12345678901234567890}'), /"id":12345678901234567890\}$/)
  })

  test("a line's own time is its time", () => {
    const rendered = jsonLineRenderer(origin)('{"level":30,"time":1700000000000}')

    assert.equal(tryParseJsonLine(rendered)?.time, new Date(1700000000000).toISOString())
  })

  test("an app's own JSON in a plain file is not taken for ours", () => {
    assert.equal(tryParseJsonLine('{"level":30,"time":1700000000000,"msg":"x"}'), undefined)
  })
})

function chunksOf(bytes: Buffer, size: number): Buffer[] {
  const count = Math.ceil(bytes.length / size)
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
}
