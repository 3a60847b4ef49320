// V8 collects what has grown old only when there is much of it: a daemon that uses 7 MB would let 8 to 20 MB of garbage lie.
// Nobody waits for the daemon for a few milliseconds, so it is asked to collect now and then.
import { getHeapStatistics } from 'node:v8'
import type { Clock } from '../base/clock.ts'

const EVERY_MS = 5_000
const WORTH_IT_BYTES = 2 * 1024 ** 2

export interface Heap {
  usedBytes(): number
  collect(): void
}

/** Looks every few seconds, and collects if enough was made since. Returns what ends that. */
export function sweepHeap(clock: Clock, heap: Heap | undefined = ownHeap()): () => void {
  if (heap === undefined) return () => {}
  let leftBytes = heap.usedBytes()
  let cancel = clock.timer(EVERY_MS, look)
  return () => cancel()

  function look(): void {
    if (heap !== undefined && heap.usedBytes() - leftBytes >= WORTH_IT_BYTES) {
      heap.collect()
      leftBytes = heap.usedBytes()
    }
    cancel = clock.timer(EVERY_MS, look)
  }
}

/** Undefined without `--expose-gc`. */
function ownHeap(): Heap | undefined {
  const { gc } = globalThis
  return gc === undefined
    ? undefined
    : { usedBytes: () => getHeapStatistics().used_heap_size, collect: () => void gc() }
}
