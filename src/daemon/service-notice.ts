// What a daemon tells systemd (sd_notify(3)): that it is ready, and then every few seconds that it still turns.
// bin/notify-socket.pl has opened the socket; without one, nobody asked.
import { writeSync } from 'node:fs'

export interface ServiceNotice {
  ready(): void
}

export function openServiceNotice(env: NodeJS.ProcessEnv): ServiceNotice {
  const fd = Number(env.UPKEEP_NOTIFY_FD)
  const watchdogMs = Number(env.WATCHDOG_USEC) / 1000
  // The programs that a daemon runs must not take these for theirs.
  for (const name of ['UPKEEP_NOTIFY_FD', 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name]
  return {
    ready() {
      if (!(fd > 2)) return
      tell(fd, 'READY=1')
      // Twice as often as asked, as sd_watchdog_enabled(3) says.
      if (watchdogMs > 0) setInterval(() => tell(fd, 'WATCHDOG=1'), watchdogMs / 2).unref()
    },
  }
}

function tell(fd: number, message: string): void {
  try {
    writeSync(fd, message)
  } catch {
    // A manager that does not read just now gets the next one.
  }
}
