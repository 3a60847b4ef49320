import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { failureIn } from './exchange-failure.ts'

/** What a keeper has left that could not bring the daemon back, as a sentence; undefined when none has. */
export function tryReadKeeperFailure(home: string): string | undefined {
  const gaveUp = statSync(join(home, 'keeper.gave-up'), { throwIfNoEntry: false })
  if (gaveUp === undefined) return undefined
  const reason = tryLastError(join(home, 'daemon.log')) ?? 'daemon.log in its home tells why'
  return `The daemon died and could not be started again, given up at ${gaveUp.mtime.toISOString()}: ${reason}`
}

function tryLastError(log: string): string | undefined {
  try {
    const lines = readFileSync(log, 'utf8').split('\n')
    return failureIn(lines.findLast((line) => line.startsWith('{"error":')) ?? '')?.message
  } catch {
    return undefined
  }
}
