import { statSync } from 'node:fs'
import { dirname } from 'node:path'

/** The part of a path that a user may not pass or read; undefined when all is open to them. */
export function unreadablePart(
  path: string,
  { uid, gid }: { readonly uid: number; readonly gid: number },
): string | undefined {
  if (uid === 0) return undefined
  const blocked = foldersAbove(path).find((folder) => !mayAccess(folder, uid, gid, 0o1))
  return blocked ?? (mayAccess(path, uid, gid, 0o4) ? undefined : path)
}

function foldersAbove(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [] : [...foldersAbove(parent), parent]
}

/** `bit` is 4 for reading, 1 for passing (chmod(1)). */
function mayAccess(path: string, uid: number, gid: number, bit: number): boolean {
  const found = statSync(path)
  const shift = found.uid === uid ? 6 : found.gid === gid ? 3 : 0
  return ((found.mode >> shift) & bit) !== 0
}
