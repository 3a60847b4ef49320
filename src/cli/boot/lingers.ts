import { existsSync } from 'node:fs'

/** True when services of this user start at boot, and not only at a login; see loginctl(1). */
export function lingers(user: string): boolean {
  return existsSync(`/var/lib/systemd/linger/${user}`)
}
