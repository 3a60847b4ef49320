import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sweepHeap } from '../../src/daemon/heap-sweeper.ts'
import { ManualClock } from '../support/manual-clock.ts'

const MB = 1024 ** 2

function heapUnderTest() {
  const clock = new ManualClock()
  const heap = { used: 7 * MB, collections: 0 }
  const end = sweepHeap(clock, {
    usedBytes: () => heap.used,
    collect() {
      heap.collections++
      heap.used = 7.5 * MB
    },
  })
  return { clock, heap, end }
}

test('garbage is collected every few seconds, when there is enough of it', () => {
  const { clock, heap } = heapUnderTest()

  heap.used += 3 * MB
  clock.advance(4_999)
  assert.equal(heap.collections, 0)
  clock.advance(1)
  assert.equal(heap.collections, 1)
  heap.used += MB
  clock.advance(5_000)
  assert.equal(heap.collections, 1)
  heap.used += MB
  clock.advance(5_000)
  assert.equal(heap.collections, 2)
})

test('a daemon that has left collects no more', () => {
  const { clock, heap, end } = heapUnderTest()
  heap.used += 3 * MB
  clock.advance(5_000)
  heap.used += 3 * MB

  end()
  clock.advance(5_000)

  assert.equal(heap.collections, 1)
})

test('where V8 cannot be asked, nothing is', () => {
  const clock = new ManualClock()
  sweepHeap(clock)()
  clock.advance(5_000)
})
