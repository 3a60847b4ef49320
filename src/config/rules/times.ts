// How long the times of an app may be, for the user's config and for the daemon's check alike.

export interface TimeLimits {
  readonly minMs: number
  readonly maxMs: number
}

const DAY_MS = 86_400_000

/** Timers of Node.js end at 2^31 - 1 milliseconds, a little below 25 days. A longer one is over at once. */
const LONGEST_TIMER_MS = 24 * DAY_MS

/** Chance adds up to a fifth to it. Without any wait, an app that always crashes would take a core for itself. */
const BACKOFF: TimeLimits = { minMs: 1, maxMs: 20 * DAY_MS }

export const TIME_LIMITS = {
  readyTimeout: { minMs: 1, maxMs: LONGEST_TIMER_MS },
  stopTimeout: { minMs: 0, maxMs: LONGEST_TIMER_MS },
  backoff: BACKOFF,
  maxBackoff: BACKOFF,
  minUptime: { minMs: 1, maxMs: LONGEST_TIMER_MS },
  // Only compared with the age of a file.
  logRotation: { minMs: 60_000, maxMs: 366 * DAY_MS },
} as const satisfies Readonly<Record<string, TimeLimits>>
