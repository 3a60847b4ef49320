import { constants } from 'node:os'

// SIGSTOP cannot be answered, so nothing would ever end by it.
export const SIGNALS = Object.keys(constants.signals).filter((name) => name !== 'SIGSTOP')
export function isSignal(name: unknown): name is NodeJS.Signals {
  return typeof name === 'string' && SIGNALS.includes(name)
}
