import { fstatSync, statSync } from 'node:fs'

/** True while the file that is open is the one of that name. */
export function isSameFile(fd: number, path: string): boolean {
  const [opened, named] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })]
  return opened.ino === named?.ino && opened.dev === named.dev
}
