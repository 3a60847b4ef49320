// One daemon per home. The lock is a flock(2) on a file of the home: it is taken atomically and vanishes with the process, so
// there is nothing stale to clean up after a crash.
import { spawnSync } from 'node:child_process'
import { closeSync, fstatSync, openSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { Failure, isSystemError } from '../base/failure.ts'
import { isSameFile } from './guard/is-same-file.ts'
import type { Home } from './home.ts'

const FLOCK_TIMEOUT_MS = 5000

export interface HomeLock {
  /** Whoever has this descriptor open holds the lock too. */
  readonly fd: number
  /** False when the home, or the file in it, was removed: the next daemon would not meet this lock. */
  isThere(): boolean
  /** Lets the next daemon in; so does the end of the process. */
  close(): void
}

/** Takes the lock or throws DAEMON_ALREADY_RUNNING. */
export async function lockHome(home: Home): Promise<HomeLock> {
  const lock = await takeLock(home)
  signLock(home)
  return lock
}

/** A lock that another process holds too, and gave us the descriptor of. */
export function sharedLock(fd: number, home: Home): HomeLock {
  const isThere = fstatSync(fd).isFile() ? () => isSameFile(fd, home.lockFile) : isStill(home.directory)
  return { fd, isThere, close: () => closeSync(fd) }
}

/** Says in the file whose it is, for when that one does not answer. */
export function signLock({ lockFile }: Home): void {
  try {
    writeFileSync(lockFile, `${process.pid}\n`)
  } catch {
    // On a full disk: only the pid of a daemon that hangs would not be told.
  }
}

function openLockFile({ directory, lockFile }: Home): number {
  try {
    return openSync(lockFile, 'a', 0o600)
  } catch (error) {
    if (!isSystemError(error, 'EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT')) throw error
    throw new Failure(
      'HOME_UNSAFE',
      `Cannot use "${directory}" as home: it cannot be written (${error.code})`,
      {
        hint: 'Look at its disk and its permissions, or choose another home with --home or UPKEEP_HOME',
        cause: error,
      },
    )
  }
}

async function takeLock(home: Home): Promise<HomeLock> {
  const { directory } = home
  const fd = openLockFile(home)
  const answer = flock(fd)
  if (answer === 'locked') return sharedLock(fd, home)
  closeSync(fd)
  if (answer === 'taken') throw taken(directory)
  return await lockName(directory)
}

/**
 * Node cannot call flock(2), so a program does it on our open file, to which the lock then belongs: it stays when the program
 * has ended. Workers do not get it, because Node opens every file close-on-exec.
 */
function flock(fd: number): 'locked' | 'taken' | 'impossible' {
  const stdio = ['ignore', 'ignore', 'ignore', fd] as const
  const { status } = spawnSync('flock', ['-n', '3'], { stdio: [...stdio], timeout: FLOCK_TIMEOUT_MS })
  if (status === 0) return 'locked'
  return status === 1 ? 'taken' : 'impossible'
}

/**
 * Where there is no flock(1), or where the disk has no locks: a name in the kernel's abstract socket namespace (unix(7)). It is
 * second choice because another user can take it, and because it counts within a network namespace only.
 */
async function lockName(directory: string): Promise<HomeLock> {
  const { dev, ino } = statSync(directory)
  const server = createServer((socket) => socket.destroy())
  server.unref()
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(isSystemError(error, 'EADDRINUSE') ? taken(directory, error) : error),
    )
    server.listen(`\0upkeep-${process.getuid?.()}-${dev}-${ino}`, resolve)
  })
  const { fd } = Reflect.get(server, '_handle') as { fd: number }
  return { fd, isThere: isStill(directory), close: () => server.close() }
}

/** Tells later whether the folder of that name is the one that it is now. */
function isStill(directory: string): () => boolean {
  const inode = tryInode(directory)
  return () => tryInode(directory) === inode
}

function tryInode(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

function taken(directory: string, cause?: unknown): Failure {
  return new Failure(
    'DAEMON_ALREADY_RUNNING',
    `Cannot start a daemon in "${directory}": one runs there already`,
    {
      hint: 'Use it, or give this one another home with --home or UPKEEP_HOME',
      cause,
    },
  )
}
