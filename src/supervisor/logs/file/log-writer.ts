import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'

import type { Clock } from '../../../base/clock.ts'
import type { LogWrite } from '../pipe/spool.ts'
import { rotatedLogName, rotationMs, timesPathOf, tryParseLogName } from './log-name.ts'
import { TimeIndex } from './time-index.ts'

const NEWLINE = 10
const CHECK_EVERY_MS = 1_000

/** One log file on disk, open for appending: what is written, how large and how old it is, and its rotation. */
export class LogWriter {
  readonly #path: string
  readonly #clock: Clock
  #fd: number | undefined
  #index: TimeIndex | undefined
  #inode = 0
  #sizeBytes = 0
  /** By the clock of durations. */
  #bornMs = 0
  #checkedAtMs = 0
  #isLost = false

  constructor(path: string, clock: Clock) {
    this.#path = path
    this.#clock = clock
  }

  get isOpen(): boolean {
    return this.#fd !== undefined
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get ageMs(): number {
    return this.#sizeBytes === 0 ? 0 : this.#clock.monotonicMs() - this.#bornMs
  }

  /** Opens or makes the file; says whether it ends in the middle of a line. */
  open(): { readonly endsInLine: boolean } {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    const fd = openSync(this.#path, 'a+', 0o600)
    const { ino, size, birthtimeMs, mtimeMs } = fstatSync(fd)
    this.#fd = fd
    this.#inode = ino
    // A daemon that was killed in a rotation leaves the index of the file it had just renamed.
    if (size === 0) rmSync(timesPathOf(this.#path), { force: true })
    this.#index = new TimeIndex(timesPathOf(this.#path))
    this.#isLost = false
    this.#sizeBytes = size
    const ageMs = size === 0 ? 0 : Math.max(0, this.#clock.nowMs() - (birthtimeMs || mtimeMs))
    this.#bornMs = this.#clock.monotonicMs() - ageMs
    this.#checkedAtMs = this.#clock.monotonicMs()
    return { endsInLine: size > 0 && lastByte(fd, size) !== NEWLINE }
  }

  /**
   * Writes as much as the disk takes and returns how many bytes that was; throws when it took none. Calls `intends` right
   * before.
   */
  write(bytes: Buffer, intends: (write: Omit<LogWrite, 'payloadBytes'>) => void): number {
    if (this.#fd === undefined) throw new Error('the file is not open')
    intends({ inode: this.#inode, sizeBytes: this.#sizeBytes, lengthBytes: bytes.length })
    const length = writeSync(this.#fd, bytes)
    if (length === 0 && bytes.length > 0) throw new Error('the disk took nothing')
    if (this.#sizeBytes === 0) this.#bornMs = this.#clock.monotonicMs()
    this.#index?.note(this.#sizeBytes, this.#clock.nowMs())
    this.#sizeBytes += length
    return length
  }

  /**
   * True when the file is no longer found under its name: moved by logrotate, or removed with its folder. Looks at most
   * once a second. Takes note of a file that somebody emptied.
   */
  isLost(): boolean {
    const nowMs = this.#clock.monotonicMs()
    if (this.#fd === undefined || nowMs - this.#checkedAtMs < CHECK_EVERY_MS) return this.#isLost
    this.#checkedAtMs = nowMs
    const named = statSync(this.#path, { throwIfNoEntry: false })
    const opened = fstatSync(this.#fd)
    this.#isLost = named === undefined || named.ino !== opened.ino || named.dev !== opened.dev
    if (opened.size < this.#sizeBytes) this.#index?.restart()
    this.#sizeBytes = opened.size
    return this.#isLost
  }

  /** Puts the file aside under a name with the time and begins a new one. */
  rotate(): void {
    // Names sort by age, so none is older than the last, also when the clock was set back; nor of the same millisecond.
    const atMs = Math.max(this.#clock.nowMs(), lastRotationMs(this.#path) + 1)
    const target = this.#rotatedPath(atMs)
    // Renamed while it is open: if that is refused, writing goes on where it was.
    renameSync(this.#path, target)
    renameIfThere(timesPathOf(this.#path), timesPathOf(target))
    this.close()
    this.open()
  }

  /** Begins a new, empty file. The old one is unlinked, not truncated: who reads it now reads on to its end. */
  discard(): void {
    this.close()
    rmSync(this.#path, { force: true })
    rmSync(timesPathOf(this.#path), { force: true })
    this.open()
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    this.#index?.close()
    this.#index = undefined
  }

  #rotatedPath(atMs: number): string {
    return join(dirname(this.#path), rotatedLogName(basename(this.#path), atMs))
  }
}

/** When the youngest of the rotated files was put aside, by its name. */
function lastRotationMs(path: string): number {
  const current = tryParseLogName(basename(path))
  const names = readdirSync(dirname(path)).map(tryParseLogName)
  const ofSeries = names.filter(
    (name) => name?.instance === current?.instance && name?.stream === current?.stream,
  )
  return Math.max(0, ...ofSeries.map((name) => rotationMs(name?.rotatedAt ?? null)))
}

function lastByte(fd: number, size: number): number | undefined {
  const byte = Buffer.alloc(1)
  readSync(fd, byte, 0, 1, size - 1)
  return byte[0]
}

function renameIfThere(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to)
}
