import { join } from 'node:path'

/** `~/apps` as a shell has it. Other people's homes stay as they are. */
export function expandHome(path: string, home: string | undefined): string {
  const isHome = path === '~' || path.startsWith('~/')
  return isHome && home !== undefined ? join(home, path.slice(1)) : path
}
