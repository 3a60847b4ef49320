// What a worker has said that nobody has read yet. A pipe is forgotten with the last process that holds it, and the daemon
// may die before it has read what a worker left there. So a worker that ends moves it into a file beside the pipe, which
// the daemon, or the next one, takes at the end of the pipe.
import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync, writeSync } from 'node:fs'
import { restPathOf } from '../protocol/agent.ts'

/** All that a pipe holds, so that one read takes it, whoever else may read by now. */
const PIPE_BYTES = 64 * 1024

export class RestFile {
  readonly #path: string
  #fd: number | undefined

  private constructor(path: string) {
    this.#path = path
  }

  /** Moves what waits in the pipe of this descriptor; undefined where that cannot be. */
  static tryMove(pipeFd: number): RestFile | undefined {
    try {
      const pipePath = readlinkSync(`/proc/self/fd/${pipeFd}`)
      const rest = new RestFile(restPathOf(pipePath))
      const bytes = readPipe(pipePath, pipeFd)
      if (rest.write(bytes)) return rest
      writeSync(pipeFd, bytes)
    } catch {
      // Not Linux, or the worker of another user, who cannot enter the folder.
    }
    return undefined
  }

  /** False when the disk does not take it. */
  write(bytes: Uint8Array): boolean {
    try {
      if (bytes.length > 0) this.#fd ??= create(this.#path)
      for (let at = 0; this.#fd !== undefined && at < bytes.length; ) at += writeSync(this.#fd, bytes, at)
      return true
    } catch {
      return false
    }
  }
}

function create(path: string): number {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants
  return openSync(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o600)
}

/** On a descriptor of its own, which does not block whatever the app has done to the worker's. */
function readPipe(path: string, pipeFd: number): Uint8Array {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!isSameFile(fd, pipeFd)) throw new Error('the pipe is gone')
    return readAll(fd)
  } finally {
    closeSync(fd)
  }
}

function isSameFile(one: number, other: number): boolean {
  const [a, b] = [fstatSync(one), fstatSync(other)]
  return a.dev === b.dev && a.ino === b.ino
}

function readAll(fd: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(PIPE_BYTES)
  try {
    return buffer.subarray(0, readSync(fd, buffer))
  } catch {
    // EAGAIN: the pipe is empty.
    return buffer.subarray(0, 0)
  }
}
