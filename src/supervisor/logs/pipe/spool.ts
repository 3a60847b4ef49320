// What came out of a pipe and is not in the log yet. Before anything of it is written to a log, the head of the file says
// what and where: so the next daemon finds out whether that was done, and no line is lost or comes twice.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs'

import { isSystemError } from '../../../base/failure.ts'
import {
  begin,
  doubleOf,
  HEAD_BYTES,
  type Head,
  REST_AT,
  startAt,
  tryReadHead,
  writeAll,
  writeNumbers,
} from './spool-head.ts'

/** One write to the end of a log file. */
export interface LogWrite {
  readonly inode: number
  /** The size of the file before it. */
  readonly sizeBytes: number
  readonly lengthBytes: number
  /** How much of it is not of our own making. */
  readonly payloadBytes: number
}

/** What is being written to a log. */
interface Load {
  readonly from: number
  readonly to: number
  readonly lengthBytes: number
  readonly isVerbatim: boolean
  doneBytes: number
  /** Where in a log it begins. */
  begunAt: Place | undefined
  /** So much of it is there, and would be written again, because a part of other bytes carries nothing. */
  partBytes: number
}

type Place = Pick<LogWrite, 'inode' | 'sizeBytes'>

const SUFFIX = '.spool'
/** When so much was written to logs, and something is left behind it, the file is begun anew. */
const MOST_BYTES = 1024 * 1024
const MOST_READ_BYTES = 64 * 1024
const BUFFER = Buffer.allocUnsafeSlow(MOST_READ_BYTES)
const NO_LOAD: Load = {
  from: 0,
  to: 0,
  lengthBytes: 0,
  isVerbatim: false,
  doneBytes: 0,
  begunAt: undefined,
  partBytes: 0,
}

export class Spool {
  readonly #path: string
  readonly #logPath: string
  #fd: number
  #endAt: number
  #readAt: number
  #writtenAt = HEAD_BYTES
  #load: Load = NO_LOAD
  #namesWrite = false

  private constructor(path: string, logPath: string, fd: number, writtenAt: number) {
    this.#path = path
    this.#logPath = logPath
    this.#fd = fd
    this.#readAt = writtenAt
    this.#endAt = fstatSync(fd).size
    this.#startAt(writtenAt)
  }

  /** Of the pipe at `pipePath`; goes on where the daemon before stopped. undefined where the disk does not take it. */
  static tryOpen(pipePath: string, logPath: string): Spool | undefined {
    const path = spoolPathOf(pipePath)
    let fd: number | undefined
    try {
      fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
      const head = tryReadHead(fd)
      if (head === undefined) begin(fd, logPath)
      return new Spool(path, logPath, fd, head?.from ?? HEAD_BYTES)
    } catch {
      if (fd !== undefined) closeSync(fd)
      return undefined
    }
  }

  /** Where the next bytes go. */
  get endAt(): number {
    return this.#endAt
  }

  /** Up to where it has been handed out. */
  get readAt(): number {
    return this.#readAt
  }

  get hasUnread(): boolean {
    return this.#readAt < this.#endAt
  }

  get isWritten(): boolean {
    return this.#writtenAt >= this.#endAt
  }

  /** Looks how much there is, when nobody could say. */
  look(): void {
    this.#endAt = Math.max(this.#readAt, fstatSync(this.#fd).size)
  }

  grew(lengthBytes: number): void {
    this.#endAt += lengthBytes
  }

  /** For who moves the bytes without the spooler. False where the disk does not take them. */
  add(bytes: Uint8Array): boolean {
    const isDone = tryOnDisk(() => writeAll(this.#fd, bytes, this.#endAt))
    if (isDone) this.#endAt += bytes.length
    else tryOnDisk(() => ftruncateSync(this.#fd, this.#endAt))
    return isDone
  }

  /** The next bytes, which are valid until the next call for any spool. */
  read(): Buffer {
    const length = Math.min(MOST_READ_BYTES, this.#endAt - this.#readAt)
    const bytes = BUFFER.subarray(0, readSync(this.#fd, BUFFER, 0, length, this.#readAt))
    this.#readAt += bytes.length
    return bytes
  }

  /**
   * What is written next carries everything before `to`, in so many bytes; `isVerbatim` when they are the same bytes, so
   * that a part of them carries as much.
   */
  carry(to: number, lengthBytes: number, isVerbatim: boolean): void {
    const leftBytes = this.#load.lengthBytes - this.#load.doneBytes
    this.#load = {
      from: this.#writtenAt,
      to,
      lengthBytes: leftBytes + lengthBytes,
      isVerbatim: isVerbatim && leftBytes === 0,
      doneBytes: 0,
      begunAt: this.#load.begunAt,
      partBytes: this.#load.partBytes,
    }
  }

  /** This write is about to be done. */
  intends(write: LogWrite): void {
    this.#namesWrite = true
    writeNumbers(this.#fd, this.#load.isVerbatim ? this.#partOf(write) : this.#wholeOf(write))
  }

  /** So many bytes of what carries it are in the log now. */
  wrote(lengthBytes: number): void {
    const load = this.#load
    this.#writtenAt = carriedBy(load, lengthBytes)
    load.doneBytes += lengthBytes
    load.partBytes = load.isVerbatim || load.doneBytes >= load.lengthBytes ? 0 : load.partBytes + lengthBytes
  }

  /** The disk took nothing of it. Should the log be removed to make room, this must not look as if it had been written. */
  refused(): void {
    this.#rest()
  }

  /**
   * Adds a file, which is removed then. Until it is, the next daemon begins anew with it: so it comes neither twice nor not at
   * all. False where the disk does not take it; then the file is still there.
   */
  moveIn(path: string, fd: number): boolean {
    const startAt = this.#endAt
    const isDone = tryOnDisk(() => {
      writeAll(this.#fd, doubleOf(startAt), REST_AT)
      const length = copyTo(this.#fd, startAt, fd)
      rmSync(path, { force: true })
      this.#endAt += length
    })
    if (!isDone) tryOnDisk(() => ftruncateSync(this.#fd, startAt))
    return isDone
  }

  /** Gives room back, if the disk lets it. Only while nothing is being moved. True when the file is another one now. */
  tidy(): boolean {
    if (this.#endAt === HEAD_BYTES) return false
    if (this.isWritten) tryOnDisk(() => this.#empty())
    else if (this.#writtenAt >= MOST_BYTES) return tryOnDisk(() => this.#replace())
    else this.#rest()
    return false
  }

  /** For the next daemon. */
  leave(): void {
    this.#rest()
    if (this.isWritten) this.close()
  }

  close(): void {
    if (this.#fd !== -1) closeSync(this.#fd)
    this.#fd = -1
  }

  /** Where the disk does not let it, the next daemon finds that nothing is left in it, and removes it. */
  remove(): void {
    this.leave()
    this.close()
    tryOnDisk(() => rmSync(this.#path, { force: true }))
  }

  /** Names no write any more: the log may get shorter, or its inode be another file's, before the next one. */
  #rest(): void {
    if (!this.#namesWrite || this.#load.partBytes > 0 || this.#fd === -1) return
    this.#namesWrite = !tryOnDisk(() => writeNumbers(this.#fd, startAt(this.#writtenAt)))
  }

  #partOf(write: LogWrite): Head {
    return { ...write, from: this.#writtenAt, to: carriedBy(this.#load, write.payloadBytes) }
  }

  /** With what was done of the load before and what is left of it then: only all of it carries something. */
  #wholeOf(write: LogWrite): Head {
    const load = this.#load
    // A newline that ends somebody else's line stays.
    if (write.payloadBytes === 0 && load.partBytes === 0) return this.#partOf(write)
    if (load.partBytes === 0 || !isBehind(write, load.begunAt)) load.begunAt = write
    const { inode, sizeBytes } = load.begunAt ?? write
    const leftBytes = Math.max(0, load.lengthBytes - load.doneBytes - write.payloadBytes)
    const lengthBytes = write.sizeBytes - sizeBytes + write.lengthBytes + leftBytes
    return { inode, sizeBytes, lengthBytes, from: this.#writtenAt, to: load.to }
  }

  #empty(): void {
    // In this order: where a kill comes between, what the head names is past the end, so nothing is left to do.
    ftruncateSync(this.#fd, HEAD_BYTES)
    writeNumbers(this.#fd, startAt(HEAD_BYTES))
    this.#endAt = HEAD_BYTES
    this.#readAt = HEAD_BYTES
    this.#startAt(HEAD_BYTES)
  }

  #startAt(writtenAt: number): void {
    this.#writtenAt = writtenAt
    this.#load = { ...NO_LOAD, from: writtenAt, to: writtenAt }
  }

  /** A new file with what is not in a log yet. */
  #replace(): void {
    const next = `${this.#path}.tmp`
    const shift = this.#writtenAt - HEAD_BYTES
    const rest = Buffer.alloc(this.#endAt - this.#writtenAt)
    readSync(this.#fd, rest, 0, rest.length, this.#writtenAt)
    const { O_CREAT, O_NOFOLLOW, O_RDWR } = constants
    const fd = openSync(next, O_RDWR | O_CREAT | O_NOFOLLOW, 0o600)
    try {
      begin(fd, this.#logPath)
      writeAll(fd, rest, HEAD_BYTES)
      renameSync(next, this.#path)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    closeSync(this.#fd)
    this.#fd = fd
    this.#endAt -= shift
    this.#readAt -= shift
    this.#startAt(HEAD_BYTES)
  }
}

function isBehind({ inode, sizeBytes }: Place, begunAt: Place | undefined): boolean {
  return begunAt?.inode === inode && begunAt.sizeBytes <= sizeBytes
}

/** Up to where everything is in the log after the next so many bytes. */
function carriedBy({ from, to, lengthBytes, isVerbatim, doneBytes }: Load, nextBytes: number): number {
  if (doneBytes + nextBytes >= lengthBytes) return to
  return isVerbatim ? from + doneBytes + nextBytes : from
}

export function spoolPathOf(pipePath: string): string {
  return `${pipePath}${SUFFIX}`
}

/** The pipe of a spool. */
export function pipePathOf(spoolPath: string): string {
  return spoolPath.slice(0, -SUFFIX.length)
}

export function isSpoolName(name: string): boolean {
  return name.endsWith(SUFFIX)
}

/** False where the disk does not let it. */
export function tryOnDisk(act: () => void): boolean {
  try {
    act()
    return true
  } catch (error) {
    if (isSystemError(error)) return false
    throw error
  }
}

/** Copies a file to this place of another one; returns its length. */
function copyTo(target: number, at: number, source: number): number {
  const bytes = Buffer.allocUnsafe(MOST_READ_BYTES)
  let done = 0
  for (;;) {
    const length = readSync(source, bytes, 0, bytes.length, done)
    if (length === 0) return done
    writeAll(target, bytes.subarray(0, length), at + done)
    done += length
  }
}
