import { Failure } from './failure.ts'

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Milliseconds of a time such as `30s`, `1.5h` or `1m30s`; undefined for anything else. */
export function tryParseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,15}(?:\.\d{1,6})?(?:ms|s|m|h|d))+$/.test(text)) return undefined
  let totalMs = 0
  for (const [, amount, unit = ''] of text.matchAll(/([\d.]+)([a-z]+)/g)) {
    totalMs += Number(amount) * (UNIT_MS[unit] ?? Number.NaN)
  }
  return Math.round(totalMs)
}

/** The same for a text from the command line, where anything else is wrong usage. */
export function parseDuration(text: string): number {
  const durationMs = tryParseDuration(text)
  if (durationMs !== undefined) return durationMs
  throw new Failure('USAGE', `Cannot read ${JSON.stringify(text)} as a time: it needs a unit, such as "30s"`)
}

/** The shortest exact text, such as `30s` or `1m30s`. */
export function renderDuration(durationMs: number): string {
  let restMs = Math.round(durationMs)
  const parts: string[] = []
  for (const [unit, unitMs] of Object.entries(UNIT_MS).reverse()) {
    const count = Math.floor(restMs / unitMs)
    if (count > 0) parts.push(`${count}${unit}`)
    restMs -= count * unitMs
  }
  return parts.join('') || '0s'
}
