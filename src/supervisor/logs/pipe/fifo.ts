import { execFile } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readlinkSync, rmSync } from 'node:fs'
import { promisify } from 'node:util'

import { Failure, isSystemError } from '../../../base/failure.ts'

const run = promisify(execFile)

/** A process that has a pipe open, and where. */
export interface PipeHolder {
  readonly pid: number
  readonly fd: number
}

/** Makes named pipes that only their owner can open. What was there under these names is removed. */
export async function makeFifos(paths: readonly string[]): Promise<void> {
  for (const path of paths) rmSync(path, { force: true })
  try {
    // Node.js cannot make a FIFO by itself; mkfifo is in POSIX, and one call makes all of them.
    await run('mkfifo', ['-m', '600', ...paths])
  } catch (cause) {
    throw new Failure('SPAWN_FAILED', `Cannot make the log pipes: ${errorText(cause)}`, {
      hint: 'Check that the program mkfifo is installed and that the disk of the home directory is writable.',
      cause,
    })
  }
}

/** What cannot be removed, such as on a read-only disk, is removed by the next daemon that can. */
export function removeFifos(paths: readonly string[]): void {
  for (const path of paths) {
    try {
      rmSync(path, { force: true })
    } catch {}
  }
}

/**
 * The end a worker writes to. Opened for reading too, so that the pipe always has a reader: a write never fails
 * with EPIPE while no daemon runs, and the kernel keeps up to 64 KB until the next one reads.
 */
export function openForWorker(path: string): number {
  return openSync(path, constants.O_RDWR)
}

export function openForDaemon(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
}

/**
 * The read end of a pipe of a worker, or undefined when it is gone. Where somebody removed the file, the pipe is still there as
 * long as the worker, if it is given, has it open.
 */
export function tryOpenForDaemon(path: string, holder?: PipeHolder): number | undefined {
  try {
    return openForDaemon(existing(path, holder))
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM')) return undefined
    throw error
  }
}

function existing(path: string, holder: PipeHolder | undefined): string {
  if (holder === undefined || existsSync(path)) return path
  const link = `/proc/${holder.pid}/fd/${holder.fd}`
  // The worker may have put something else there, from which reading would take what is meant for others.
  return readlinkSync(link) === `${path} (deleted)` ? link : path
}

/** The descriptors that these open, in their order; when one cannot, none stays open. */
export function openAll(opens: readonly (() => number)[]): number[] {
  const opened: number[] = []
  try {
    for (const open of opens) opened.push(open())
    return opened
  } catch (error) {
    for (const fd of opened) closeSync(fd)
    throw error
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error)
}
