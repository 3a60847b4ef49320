import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scaledTo } from '../../src/daemon/operations.ts'

test('a number of instances is counted from the one that is', () => {
  assert.deepEqual([scaledTo(2, '4'), scaledTo(2, '+1'), scaledTo(2, '-1')], [4, 3, 1])
})

test('only who wants none is told how to have none', () => {
  assert.throws(() => scaledTo(2, '0'), { hint: 'Now there are 2; use "upkeep stop" to have none' })
  assert.throws(() => scaledTo(1, '-1'), { hint: 'Now there is 1; use "upkeep stop" to have none' })
  assert.throws(() => scaledTo(2, 'two'), { hint: 'Now there are 2' })
  assert.throws(() => scaledTo(2, '1001'), { hint: 'Now there are 2' })
})
