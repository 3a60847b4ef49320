// A correct HTTP/2 client, one request at a time: after a GOAWAY it opens no stream on that connection, and it never
// tries again. It writes its frames itself: the client of Node keeps a request back for a moment, and when a GOAWAY
// comes in that moment refuses it by itself, which would look like a loss.
import type net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Frame } from './http2-frames.ts'
import { FRAME, FrameReader, frame, requestHeaders, windowUpdates } from './http2-frames.ts'
import type { Mishap, OutcomeKind, Tally } from './outcomes.ts'
import { kindOf } from './outcomes.ts'
import type { LoadTarget } from './target.ts'
import { connect } from './target.ts'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** `:status: 200`, as every HPACK encoder writes it: an entry of the static table (RFC 7541, appendix A). */
const STATUS_200 = 0x88

export async function runHttp2Client(target: LoadTarget, tally: Tally, signal: AbortSignal): Promise<void> {
  let connection: Connection | undefined
  while (!signal.aborted) {
    if (connection === undefined || !connection.isUsable) {
      connection = new Connection(target)
      tally.connections++
    }
    await connection.exchange(tally)
    if (target.pauseMs > 0) await sleep(Math.random() * target.pauseMs)
  }
  connection?.close()
}

class Connection {
  readonly #target: LoadTarget
  readonly #socket: net.Socket
  readonly #reader = new FrameReader()
  readonly #headers: Buffer
  #isConnected = false
  #isLeaving = false
  #isClosed = false
  #stream = -1
  #isOk = false
  #sentAtMs = 0
  #settle: ((kind: OutcomeKind | 'answered', message: string) => void) | undefined

  constructor(target: LoadTarget) {
    this.#target = target
    this.#headers = requestHeaders(target)
    this.#socket = connect(target, 'h2')
    this.#socket.once('connect', () => {
      this.#isConnected = true
    })
    this.#socket.on('data', (chunk) => this.#receive(chunk))
    this.#socket.on('error', (error) => this.#end(this.#kindOf(error), String(error)))
    this.#socket.once('end', () => this.#end('reset', 'closed before the answer'))
    this.#socket.once('close', () => this.#end('reset', 'closed before the answer'))
    this.#socket.write(Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0)]))
  }

  get isUsable(): boolean {
    return !this.#isLeaving && !this.#isClosed
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  exchange(tally: Tally): Promise<void> {
    return new Promise((resolve) => {
      const deadline = setTimeout(() => this.#end('timeout', 'no answer in time'), this.#target.timeoutMs)
      this.#stream += 2
      this.#sentAtMs = Date.now()
      this.#isOk = false
      this.#settle = (kind, message) => {
        this.#settle = undefined
        clearTimeout(deadline)
        if (kind !== 'answered') tally.failed(kind, this.#mishap(message))
        else if (this.#isOk) tally.answered(null)
        else tally.failed('wrongStatus', this.#mishap('a status other than 200'))
        if (this.#isLeaving) this.close()
        resolve()
      }
      this.#socket.write(
        frame(FRAME.headers, FRAME.endStream | FRAME.endHeaders, this.#stream, this.#headers),
      )
    })
  }

  #receive(chunk: Buffer): void {
    try {
      for (const received of this.#reader.push(chunk)) this.#on(received)
    } catch (error) {
      this.#end('unexpected', String(error))
    }
  }

  #on({ type, flags, stream, payload }: Frame): void {
    if (type === FRAME.settings && (flags & FRAME.ack) === 0)
      this.#socket.write(frame(FRAME.settings, FRAME.ack, 0))
    else if (type === FRAME.ping && (flags & FRAME.ack) === 0)
      this.#socket.write(frame(FRAME.ping, FRAME.ack, 0, payload))
    else if (type === FRAME.goaway) this.#onGoaway(payload)
    else if (stream !== this.#stream || this.#settle === undefined) return
    else if (type === FRAME.reset) this.#end('reset', `stream reset with code ${payload.readUInt32BE(0)}`)
    else this.#onAnswer(type, flags, payload)
  }

  #mishap(message: string): Mishap {
    return {
      message,
      worker: null,
      phase: this.#isConnected ? 'asked' : 'connecting',
      sentAtMs: this.#sentAtMs,
      localPort: this.#socket.localPort ?? null,
      served: (this.#stream - 1) / 2,
    }
  }

  #onAnswer(type: number, flags: number, payload: Buffer): void {
    if (type === FRAME.headers) this.#isOk = payload[0] === STATUS_200
    if (type === FRAME.data && payload.length > 0)
      this.#socket.write(windowUpdates(this.#stream, payload.length))
    const endsStream = type === FRAME.headers || type === FRAME.data
    if (endsStream && (flags & FRAME.endStream) !== 0) this.#settle?.('answered', '')
  }

  #onGoaway(payload: Buffer): void {
    this.#isLeaving = true
    const lastStream = payload.readUInt32BE(0)
    if (this.#settle === undefined) this.close()
    else if (lastStream < this.#stream) this.#end('reset', `GOAWAY: stream ${this.#stream} was not taken`)
  }

  #end(kind: OutcomeKind, message: string): void {
    this.close()
    this.#settle?.(kind, message)
  }

  #kindOf(error: unknown): OutcomeKind {
    const kind = kindOf(error)
    return this.#isConnected && kind === 'refused' ? 'reset' : kind
  }
}
