// Listening on a unix socket in such a way that its path always leads to somebody: the socket is made beside, and takes
// the place of the one before by a rename.
import { chmodSync, lstatSync, renameSync, rmSync } from 'node:fs'
import type { Server } from 'node:net'
import { dirname, join } from 'node:path'
import { Failure, isSystemError } from '../base/failure.ts'

export interface Door {
  /** Nobody can come in any more; who is in stays. */
  close(): void
}

/** Only the holder of the home's lock may call it: it takes the place of whatever socket is there. */
export async function openDoor(server: Server, path: string, mode: number): Promise<Door> {
  refuseOther(path)
  const beside = join(dirname(path), `${process.pid}.s`)
  rmSync(beside, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(beside, resolve)
  })
  chmodSync(beside, mode)
  renameSync(beside, path)
  const inode = tryInode(path)
  return {
    close() {
      server.close()
      // By now another daemon may listen there.
      if (tryInode(path) === inode) rmSync(path, { force: true })
    },
  }
}

function refuseOther(path: string): void {
  try {
    if (lstatSync(path).isSocket()) return
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return
    throw error
  }
  throw new Failure('HOME_UNSAFE', `Cannot listen on "${path}": something else is there`, {
    hint: 'Move it away',
  })
}

function tryInode(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino
}
