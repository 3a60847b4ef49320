import { setTimeout as sleep } from 'node:timers/promises'
import { tryParseDuration } from '../../src/base/duration.ts'

export interface UntilOptions {
  /** How long at most, such as `5s`. */
  readonly within?: string
  /** What the failure shows besides the condition, such as the log and the state. */
  readonly show?: () => unknown
}

const POLL_MS = 25

/** Waits until `condition` returns something truthy, and returns that. A condition that throws is asked again. */
export async function until<T>(
  condition: () => T | Promise<T>,
  { within = '10s', show }: UntilOptions = {},
): Promise<Exclude<Awaited<T>, false | null | undefined>> {
  const deadlineMs = performance.now() + (tryParseDuration(within) ?? Number.NaN)
  for (;;) {
    let seen: unknown
    try {
      const value = await condition()
      if (value) return value as Exclude<Awaited<T>, false | null | undefined>
      seen = value
    } catch (error) {
      seen = error
    }
    if (!(performance.now() < deadlineMs)) throw await tooLate(condition, within, seen, show)
    await sleep(POLL_MS)
  }
}

async function tooLate(
  condition: () => unknown,
  within: string,
  seen: unknown,
  show: (() => unknown) | undefined,
): Promise<Error> {
  const shown = show === undefined ? '' : `\n${text(await show())}`
  return new Error(`not true within ${within}: ${condition}\nlast: ${text(seen)}${shown}`)
}

function text(value: unknown): string {
  if (value instanceof Error) return String(value)
  return typeof value === 'string' ? value : (JSON.stringify(value, null, 1) ?? String(value))
}
