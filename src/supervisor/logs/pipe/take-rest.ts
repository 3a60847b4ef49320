import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from 'node:fs'
import { isSystemError } from '../../../base/failure.ts'
import { restPathOf } from '../../../protocol/agent.ts'
import { READ_BYTES } from './fifo-reader.ts'
import type { Spool } from './spool.ts'

/** Hands over what the agent of this pipe's worker put aside when it ended, if it did. */
export function takeRest(fifoPath: string, spool: Spool | undefined, take: (bytes: Buffer) => void): void {
  const path = restPathOf(fifoPath)
  const fd = tryOpen(path)
  if (fd === undefined) return
  try {
    if (spool?.moveIn(path, fd)) return
    // Like a pipe: what is read is no longer there, so that it cannot come twice.
    rmSync(path, { force: true })
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    for (let length = readSync(fd, buffer); length > 0; length = readSync(fd, buffer))
      take(buffer.subarray(0, length))
  } finally {
    closeSync(fd)
  }
}

/** A worker may have put anything there: a folder cannot be read, and a FIFO would hold the daemon at its door. */
function tryOpen(path: string): number | undefined {
  const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants
  try {
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    if (fstatSync(fd).isFile()) return fd
    closeSync(fd)
    return undefined
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENXIO')) return undefined
    throw error
  }
}
