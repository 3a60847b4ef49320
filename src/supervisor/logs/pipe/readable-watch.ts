import { Socket } from 'node:net'

import { isSystemError } from '../../../base/failure.ts'

const NOTHING = new Uint8Array(0)

/**
 * Tells when a pipe can be read, and leaves the reading to others. Node has no such thing, but a socket whose buffer has no
 * room learns from libuv that it could have read (ENOBUFS), and nothing was taken from the kernel. Level-triggered:
 * it tells again and again until the pipe is empty or the watch is paused. Also tells when the pipe has ended.
 */
export class ReadableWatch extends Socket {
  readonly #onReadable: () => void

  constructor(fd: number, onReadable: () => void) {
    const options = { fd, readable: true, writable: false, onread: { buffer: NOTHING, callback: () => true } }
    super(options)
    this.#onReadable = onReadable
  }

  override destroy(error?: Error): this {
    if (!isSystemError(error, 'ENOBUFS')) return super.destroy(error)
    this.#onReadable()
    return this
  }
}
