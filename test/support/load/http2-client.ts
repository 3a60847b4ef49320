// A correct HTTP/2 client: after a GOAWAY it opens no stream on that session, and it never tries again.
import http2 from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OutcomeKind, Tally } from './outcomes.ts'
import { kindOf } from './outcomes.ts'
import type { LoadTarget } from './target.ts'
import { connect } from './target.ts'

export async function runHttp2Client(target: LoadTarget, tally: Tally, signal: AbortSignal): Promise<void> {
  let session: Session | undefined
  while (!signal.aborted) {
    if (session === undefined || !session.isUsable()) {
      session = new Session(target)
      tally.connections++
    }
    await session.exchange(tally)
    if (target.pauseMs > 0) await sleep(Math.random() * target.pauseMs)
  }
  await session?.close()
}

class Session {
  readonly #target: LoadTarget
  readonly #session: http2.ClientHttp2Session
  #worker: string | null = null
  #isConnected = false
  #isLeaving = false
  #error: unknown

  constructor(target: LoadTarget) {
    this.#target = target
    const authority = `${target.tls ? 'https' : 'http'}://${target.host}`
    const socket = connect(target, 'h2')
    // The session turns the error of its connection into one of its own.
    socket.on('error', (error) => {
      this.#error = error
    })
    this.#session = http2.connect(authority, { createConnection: () => socket })
    this.#session.once('connect', () => {
      this.#isConnected = true
    })
    this.#session.once('goaway', () => {
      this.#isLeaving = true
    })
    this.#session.on('error', (error) => {
      this.#error ??= error
    })
  }

  isUsable(): boolean {
    return !this.#isLeaving && !this.#session.closed && !this.#session.destroyed
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#session.destroyed) resolve()
      else this.#session.close(resolve)
    })
  }

  exchange(tally: Tally): Promise<void> {
    return new Promise((resolve) => {
      const stream = this.#session.request({ ':path': this.#target.path })
      let status = 0
      let hasEnded = false
      let failure: { kind: OutcomeKind; message: string } | undefined
      stream.setTimeout(this.#target.timeoutMs, () => {
        failure ??= { kind: 'timeout', message: 'no answer in time' }
        stream.close(http2.constants.NGHTTP2_CANCEL)
      })
      stream.once('response', (headers) => {
        status = Number(headers[':status'])
        this.#worker = String(headers['x-worker'] ?? this.#worker)
      })
      stream.once('end', () => {
        hasEnded = true
      })
      stream.on('error', (error) => {
        failure ??= this.#failureOf(error)
      })
      stream.once('close', () => {
        if (failure === undefined && hasEnded && status > 0) tally.answered(status, this.#worker)
        else {
          const { kind, message } =
            failure ?? this.#failureOf(this.#error ?? new Error('closed before the answer'))
          tally.failed(kind, message, this.#worker)
        }
        resolve()
      })
      stream.resume()
    })
  }

  #failureOf(error: unknown): { kind: OutcomeKind; message: string } {
    const cause = this.#error ?? error
    if (!this.#isConnected) return { kind: kindOf(cause), message: String(cause) }
    return {
      kind: kindOf(cause) === 'timeout' ? 'timeout' : 'reset',
      message: `${String(cause)} (${String(error)})`,
    }
  }
}
