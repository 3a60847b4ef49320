import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderSize, tryParseSize } from '../../src/base/size.ts'

test('a size with a unit becomes bytes', () => {
  for (const [text, bytes] of [
    ['0B', 0],
    ['512B', 512],
    ['1KB', 1024],
    ['1kib', 1024],
    ['10MB', 10_485_760],
    ['10 MB', 10_485_760],
    ['1.5G', 1_610_612_736],
    ['2TB', 2_199_023_255_552],
  ] as const) {
    assert.equal(tryParseSize(text), bytes, text)
  }
})

test('anything else is no size', () => {
  for (const text of ['', '10', '-1MB', 'MB', '1PB', '1 M B', '1,5MB', '9'.repeat(10_000)]) {
    assert.equal(tryParseSize(text), undefined, text)
  }
})

test('bytes become a size for people', () => {
  for (const [bytes, text] of [
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1KB'],
    [1_610_612_736, '1.5GB'],
    [123_456_789, '118MB'],
    [1024 ** 5, '1024TB'],
  ] as const) {
    assert.equal(renderSize(bytes), text)
  }
})
