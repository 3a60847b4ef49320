import { lstatSync, unlinkSync } from 'node:fs'
import { Failure, isSystemError } from '../base/failure.ts'

/** Removes the socket file of a daemon that died. Only the holder of the home's lock may call it. */
export function removeStale(path: string): void {
  try {
    if (!lstatSync(path).isSocket()) {
      throw new Failure('HOME_UNSAFE', `Cannot listen on "${path}": something else is there`, {
        hint: 'Move it away',
      })
    }
    unlinkSync(path)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
  }
}
