// Reads one FIFO for the daemon. An idle pipe is watched by the event loop; a busy one is read by the pacer with plain
// read calls, so that between taking bytes from the kernel and writing them to the file only microseconds pass: what
// a SIGKILL of the daemon could lose is that window. One buffer serves all pipes; consumers take the bytes at once.

import { readSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'

import { isSystemError } from '../../../base/failure.ts'
import { type Paced, Pacer } from './pacer.ts'

export interface FifoConsumer {
  /** A file to which the next bytes may be written before anybody looks at them; undefined when there is none. */
  directFd(): number | undefined
  /** The bytes are only valid during the call; the first `writtenBytes` are in the file of `directFd` already. */
  take(bytes: Buffer, writtenBytes: number): void
  /** No writer is left and everything was taken, or the reader was closed. Called once. */
  ended(): void
}

/** The most that is read at once. */
export const READ_BYTES = 64 * 1024
const BUFFER = Buffer.allocUnsafeSlow(READ_BYTES)
/** After a read of this much the writer is fast: the pipe is watched again at once. */
const MUCH_BYTES = BUFFER.length / 2
/** After a read of less than this the pipe can wait longer the next time. */
const LITTLE_BYTES = BUFFER.length / 16
const SHORTEST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 20
/** A pipe that was quiet for this long is read at once and often again. */
const QUIET_MS = 200
/** What is read at most from a pipe that somebody goes on writing to after its worker's end. */
const CUT_READS = 16
const PACER = new Pacer()

type Mode = 'watched' | 'paced' | 'held' | 'closed'

export class FifoReader implements Paced {
  readonly #fd: number
  readonly #consumer: FifoConsumer
  readonly #socket: Socket
  #mode: Mode = 'paced'
  #pauseMs = SHORTEST_PAUSE_MS
  #readAtMs = 0

  constructor(fd: number, consumer: FifoConsumer) {
    this.#fd = fd
    this.#consumer = consumer
    const onread = { buffer: BUFFER, callback: (length: number) => this.#onRead(length) }
    const options = { fd, readable: true, writable: false, onread }
    this.#socket = new Socket(options)
    this.#socket.on('end', () => this.#end())
    this.#socket.on('error', () => this.#end())
    // The first look is a read call: a FIFO whose writers left before it was opened never reports its end to poll().
    this.#socket.pause()
    PACER.add(this, 0)
  }

  get isHeld(): boolean {
    return this.#mode === 'held'
  }

  /** Leaves everything in the kernel from now on. */
  hold(): void {
    if (this.#mode === 'held' || this.#mode === 'closed') return
    if (this.#mode === 'watched') this.#socket.pause()
    PACER.remove(this)
    this.#mode = 'held'
  }

  release(): void {
    if (this.#mode !== 'held') return
    this.#pace(0)
  }

  readNow(): void {
    if (this.#mode !== 'paced') return
    const directFd = this.#consumer.directFd()
    const length = this.#read()
    // Nothing may come between the read and this write: here a kill of the daemon loses what was read.
    const written = length !== undefined && directFd !== undefined ? tryWrite(directFd, length) : 0
    if (length === undefined) this.#watch()
    else if (length === 0) this.#end()
    else this.#take(length, written)
  }

  /** Takes what is there now and ends, although somebody may still hold the other end. */
  cut(): void {
    if (this.#mode === 'watched') this.#socket.pause()
    if (this.#mode !== 'closed') this.#mode = 'paced'
    for (let reads = 0; reads < CUT_READS && this.#mode === 'paced'; reads++) {
      const length = this.#read()
      if (length === undefined || length === 0) break
      this.#consumer.take(BUFFER.subarray(0, length), 0)
    }
    if (!this.isHeld) this.#end()
  }

  /** Stops reading; what is in the kernel stays there for the next daemon. */
  close(): void {
    this.#end()
  }

  #onRead(length: number): boolean {
    if (this.#mode === 'closed') return false
    this.#take(length, 0)
    return this.#mode === 'watched'
  }

  /** Hands over what was read and decides how the pipe is read next. */
  #take(length: number, writtenBytes: number): void {
    this.#consumer.take(BUFFER.subarray(0, length), writtenBytes)
    if (this.#mode !== 'watched' && this.#mode !== 'paced') return
    const nowMs = performance.now()
    if (length >= LITTLE_BYTES || nowMs - this.#readAtMs > QUIET_MS) this.#pauseMs = SHORTEST_PAUSE_MS
    this.#readAtMs = nowMs
    if (length < MUCH_BYTES) this.#pace(this.#pauseMs)
    else if (this.#mode === 'paced') this.#watch()
    if (length < LITTLE_BYTES) this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2)
  }

  #pace(pauseMs: number): void {
    this.#mode = 'paced'
    PACER.add(this, pauseMs)
  }

  #watch(): void {
    this.#mode = 'watched'
    this.#socket.resume()
  }

  /** The number of bytes now in the buffer; undefined when there is nothing yet. */
  #read(): number | undefined {
    try {
      return readSync(this.#fd, BUFFER)
    } catch (error) {
      if (isSystemError(error, 'EAGAIN', 'EINTR')) return undefined
      return 0
    }
  }

  #end(): void {
    if (this.#mode === 'closed') return
    this.#mode = 'closed'
    PACER.remove(this)
    this.#socket.destroy()
    this.#consumer.ended()
  }
}

/** Writes the start of the buffer; 0 when that fails, so that the file itself tries again and deals with the reason. */
function tryWrite(fd: number, length: number): number {
  try {
    return writeSync(fd, BUFFER, 0, length)
  } catch {
    return 0
  }
}
