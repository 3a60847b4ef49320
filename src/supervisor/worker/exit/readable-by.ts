import { statSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import type { AppSpec } from '../../../protocol/app-spec.ts'

/** Why another user cannot run the script, if its permissions say so. Access lists may say otherwise, so only after a crash. */
export function tryTellUnreadable({ runAs, script }: Pick<AppSpec, 'runAs' | 'script'>): string | undefined {
  if (runAs === null || !isAbsolute(script)) return undefined
  try {
    const part = unreadablePart(script, runAs)
    return part === undefined ? undefined : `the user "${runAs.user}" may not read "${part}"`
  } catch {
    return undefined
  }
}

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
