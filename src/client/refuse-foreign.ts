import { statSync } from 'node:fs'
import { Failure } from '../base/failure.ts'

/**
 * Refuses the home of another user: whatever answers there would be sent the environment of apps. Root may look after
 * everybody's.
 */
export function refuseForeign(home: string, user = process.geteuid?.()): void {
  const owner = tryOwner(home)
  if (user === 0 || owner === undefined || owner === user) return
  throw new Failure('HOME_UNSAFE', `Cannot use "${home}" as home: it belongs to user ${owner}`, {
    hint: 'Set UPKEEP_HOME to a folder of your own, or become that user',
  })
}

function tryOwner(path: string): number | undefined {
  try {
    return statSync(path).uid
  } catch {
    // Nobody can listen where there is nothing, and where we may not look the connection tells.
    return undefined
  }
}
