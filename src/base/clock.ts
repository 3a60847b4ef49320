/** Where time comes from, so that tests can hold it still. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch: for people and files. */
  nowMs(): number
  /** Time that never goes back, in milliseconds: for durations. */
  monotonicMs(): number
  /** Calls back once after `delayMs`; returns a function that cancels. */
  timer(delayMs: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  timer(delayMs, callback) {
    // setTimeout() would make a millisecond of 0.
    if (delayMs === 0) {
      const immediate = setImmediate(callback)
      return () => clearImmediate(immediate)
    }
    const handle = setTimeout(callback, delayMs)
    return () => clearTimeout(handle)
  },
}
