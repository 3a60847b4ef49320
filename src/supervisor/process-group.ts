import type { Clock } from '../base/clock.ts'

const GRACE_MS = 2000

/** Programs that a worker left behind hold its ports and files: they go with it, asked first, then killed. */
export function endGroup(pid: number, clock: Clock): void {
  if (!sendSignal(-pid, 'SIGTERM')) return
  clock.timer(GRACE_MS, () => sendSignal(-pid, 'SIGKILL'))
}

/** False when there is no such process (a negative pid means its group). */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
