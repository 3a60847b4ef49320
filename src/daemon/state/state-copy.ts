import { link, unlink } from 'node:fs/promises'
import { isSystemError } from '../../base/failure.ts'

export function lastCopy(path: string): string {
  return `${path}.last`
}

/** Gives the file a second name, under which it stays when a new one takes its place. */
export async function keepCopy(path: string, copy: string): Promise<void> {
  await unlessMissing(unlink(copy))
  await unlessMissing(link(path, copy))
}

async function unlessMissing(done: Promise<void>): Promise<void> {
  try {
    await done
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
  }
}
