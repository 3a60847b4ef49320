import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration, renderDuration, tryParseDuration } from '../../src/base/duration.ts'

const readable = [
  ['0s', 0],
  ['500ms', 500],
  ['30s', 30_000],
  ['1.5h', 5_400_000],
  ['1m30s', 90_000],
  ['2d', 172_800_000],
] as const

const unreadable = [
  '',
  '30',
  's',
  '-1s',
  '30 s',
  '1w',
  '30S',
  '1..5s',
  's30',
  '1e3s',
  ' 30s',
  '9'.repeat(10_000),
]

test('a time with units becomes milliseconds', () => {
  for (const [text, expectedMs] of readable) assert.equal(tryParseDuration(text), expectedMs, text)
})

test('anything else is no time', () => {
  for (const text of unreadable) assert.equal(tryParseDuration(text), undefined, text)
})

test('a time on the command line without a unit is wrong usage', () => {
  assert.throws(() => parseDuration('30'), {
    code: 'USAGE',
    message: 'Cannot read "30" as a time: it needs a unit, such as "30s"',
  })
})

test('milliseconds become the shortest text that says the same', () => {
  for (const [text, durationMs] of [
    ['0s', 0],
    ['1ms', 1],
    ['1s500ms', 1500],
    ['1m30s', 90_000],
    ['1d', 86_400_000],
  ] as const) {
    assert.equal(renderDuration(durationMs), text)
    assert.equal(tryParseDuration(text), durationMs)
  }
})
