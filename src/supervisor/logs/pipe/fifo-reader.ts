// Reads one FIFO for the daemon. An idle pipe is watched by the event loop; a busy one is read by the pacer with plain
// read calls, so that between taking bytes from the kernel and writing them to the file only microseconds pass: what
// a SIGKILL of the daemon could lose is that window. One buffer serves all pipes; consumers take the bytes at once.

import { readSync } from 'node:fs'
import { Socket } from 'node:net'

import { isSystemError } from '../../../base/failure.ts'
import { type Paced, Pacer } from './pacer.ts'

export interface FifoConsumer {
  /** The bytes are only valid during the call. */
  take(bytes: Buffer): void
  /** No writer is left and everything was taken, or the reader was closed. Called once. */
  ended(): void
}

const BUFFER = Buffer.allocUnsafeSlow(64 * 1024)
const HALF = BUFFER.length / 2
/** What is read at most from a pipe that somebody goes on writing to after its worker's end. */
const CUT_READS = 16
const PACER = new Pacer()

type Mode = 'watched' | 'paced' | 'held' | 'closed'

export class FifoReader implements Paced {
  readonly #fd: number
  readonly #consumer: FifoConsumer
  readonly #socket: Socket
  #mode: Mode = 'paced'

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
    PACER.add(this)
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
    this.#pace()
  }

  readNow(): void {
    if (this.#mode !== 'paced') return
    const length = this.#read()
    if (length === undefined) this.#watch()
    else if (length === 0) this.#end()
    else this.#takePaced(length)
  }

  /** Takes what is there now and ends, although somebody may still hold the other end. */
  cut(): void {
    if (this.#mode === 'watched') this.#socket.pause()
    if (this.#mode !== 'closed') this.#mode = 'paced'
    for (let reads = 0; reads < CUT_READS && this.#mode === 'paced'; reads++) {
      const length = this.#read()
      if (length === undefined || length === 0) break
      this.#consumer.take(BUFFER.subarray(0, length))
    }
    if (!this.isHeld) this.#end()
  }

  /** Stops reading; what is in the kernel stays there for the next daemon. */
  close(): void {
    this.#end()
  }

  #onRead(length: number): boolean {
    if (this.#mode !== 'watched') return false
    this.#consumer.take(BUFFER.subarray(0, length))
    if (this.#mode !== 'watched') return false
    if (length >= HALF) return true
    this.#pace()
    return false
  }

  #takePaced(length: number): void {
    this.#consumer.take(BUFFER.subarray(0, length))
    if (this.#mode !== 'paced') return
    if (length < HALF) PACER.add(this)
    else this.#watch()
  }

  #pace(): void {
    this.#mode = 'paced'
    PACER.add(this)
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
