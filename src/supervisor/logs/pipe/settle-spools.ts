// At the start of a daemon: what of the spools is in the logs.
import {
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

import { isSystemError } from '../../../base/failure.ts'
import { restPathOf } from '../../../protocol/agent.ts'
import { tryParseLogName } from '../file/log-name.ts'
import { isSpoolName, pipePathOf, tryOnDisk } from './spool.ts'
import {
  doubleOf,
  HEAD_BYTES,
  type Head,
  logPathIn,
  REST_AT,
  startAt,
  tryReadHead,
  writeAll,
  writeNumbers,
} from './spool-head.ts'

/**
 * Finds out for all spools in this folder what of them is in the logs. Before any log is written to: the size of a log
 * tells whether a write was done.
 */
export function settleSpools(directory: string, logDirectory: string): void {
  for (const name of namesIn(directory))
    if (isSpoolName(name)) tryOnDisk(() => settle(join(directory, name), logDirectory))
}

function settle(path: string, logDirectory: string): void {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const head = tryReadHead(fd)
    if (head === undefined) return
    writeNumbers(fd, startAt(isDone(head, logPathIn(fd, logDirectory)) ? head.to : head.from))
    forgetHalfMoved(fd, restPathOf(pipePathOf(path)))
  } finally {
    closeSync(fd)
  }
}

/** While the file that was being added is there, nothing of it counts. */
function forgetHalfMoved(fd: number, restPath: string): void {
  const bytes = Buffer.alloc(8)
  readSync(fd, bytes, 0, bytes.length, REST_AT)
  const restAt = bytes.readDoubleLE()
  if (restAt === 0) return
  if (Number.isSafeInteger(restAt) && restAt >= HEAD_BYTES && existsSync(restPath)) ftruncateSync(fd, restAt)
  writeAll(fd, doubleOf(0), REST_AT)
}

/** Whether the write was done; what was done of it is undone when that was only a part. */
function isDone({ inode, sizeBytes, lengthBytes }: Head, logPath: string): boolean {
  const path = inode === 0 ? undefined : pathOf(inode, logPath)
  // Whoever has compressed or removed it has done so after the write.
  if (path === undefined) return true
  const { size } = statSync(path)
  if (size >= sizeBytes + lengthBytes) return true
  if (size > sizeBytes) truncateSync(path, sizeBytes)
  return false
}

/** The log may have been rotated since. */
function pathOf(inode: number, logPath: string): string | undefined {
  const folder = dirname(logPath)
  return namesIn(folder)
    .filter((name) => tryParseLogName(name)?.kind === 'plain')
    .map((name) => join(folder, name))
    .find((path) => isFileWith(inode, path))
}

function isFileWith(inode: number, path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isFile() === true && found.ino === inode
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return []
    throw error
  }
}
