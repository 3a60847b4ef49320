// Units close all homes but for what an app names. Whether its user may go in there is for the permissions of the home;
// in a unit also root has no right to pass them.
import { realpathSync, statSync } from 'node:fs'
import type { BootAccount } from '../../export/boot-service.ts'
import { homeAround } from '../../export/systemd/sandbox.ts'

/** A sentence for each home that these paths are in and this user cannot enter. */
export function tellClosedHomes(paths: readonly string[], account: BootAccount): string[] {
  const homes = new Map(
    [...paths, ...paths.map(tryRealPath)].flatMap((path) => {
      const home = homeAround(path)
      return home === undefined ? [] : [[home, path] as const]
    }),
  )
  return [...homes].flatMap(([home, path]) => {
    const reason = whyClosed(home, account)
    return reason === undefined ? [] : [`The unit cannot reach ${path}: ${reason}`]
  })
}

/** The path itself where it does not lead anywhere. */
export function tryRealPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function whyClosed(home: string, { name, home: own }: BootAccount): string | undefined {
  if (home.startsWith('/run/user/'))
    return `${home} is there only while its user is logged in. Move it, for example below /srv`
  if (own === home || own.startsWith(`${home}/`) || isOpen(home)) return undefined
  return `${home} is closed to ${name}. Name the owner with --as, or move it, for example below /srv or /usr/local`
}

function isOpen(home: string): boolean {
  const mode = statSync(home, { throwIfNoEntry: false })?.mode
  // What is not on this machine may be on the one that the units are for.
  return mode === undefined || (mode & 0o001) !== 0
}
