import type { Clock } from '../../base/clock.ts'
import { tryReadStat } from './process-stat.ts'

const GRACE_MS = 2000

/**
 * Ends what a worker that is gone has left behind in its process group: it holds ports and files. Asked first, then
 * killed. While such a group lives the kernel gives its number to no other process.
 */
export function endLeftovers(pid: number, clock: Clock): void {
  if (isTaken(pid) || !sendSignal(-pid, 'SIGTERM')) return
  clock.timer(GRACE_MS, () => {
    if (!isTaken(pid)) sendSignal(-pid, 'SIGKILL')
  })
}

/** False when there is no such process (a negative pid means its group). */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** True when the number belongs to a process that lives: then it is a stranger's. */
function isTaken(pid: number): boolean {
  const stat = tryReadStat(pid)
  return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X'
}
