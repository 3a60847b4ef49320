// A correct HTTP/1.1 client: it does not use a connection again that the server said it closes, closed already, or
// soon will; and it never tries again. Every request is counted once.
import type net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Mishap, OutcomeKind, Tally } from './outcomes.ts'
import { kindOf } from './outcomes.ts'
import type { Response } from './response-parser.ts'
import { ResponseParser } from './response-parser.ts'
import type { LoadTarget } from './target.ts'
import { connect } from './target.ts'

/** How long before the end of the announced keep-alive time a connection is no longer used (RFC 9112, 9.5). */
const KEEP_ALIVE_MARGIN_MS = 1000

export async function runHttp1Client(target: LoadTarget, tally: Tally, signal: AbortSignal): Promise<void> {
  let connection: Connection | undefined
  while (!signal.aborted) {
    if (connection === undefined || !connection.isUsable()) {
      connection?.close()
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
  readonly #request: Buffer
  readonly #parser = new ResponseParser()
  #worker: string | null = null
  #isClosed = false
  #isConnected = false
  #localPort: number | null = null
  #served = 0
  #sentAtMs = 0
  #usableUntilMs = Number.POSITIVE_INFINITY
  #settle: ((kind: OutcomeKind | 'answered', message: string, response?: Response) => void) | undefined

  constructor(target: LoadTarget) {
    this.#target = target
    this.#request = requestBytes(target)
    this.#socket = connect(target, 'http/1.1')
    this.#socket.once('connect', () => {
      this.#isConnected = true
      this.#localPort = this.#socket.localPort ?? null
    })
    this.#socket.on('data', (chunk) => this.#receive(chunk))
    this.#socket.on('error', (error) =>
      this.#end(this.#isConnected ? resetOr(error) : kindOf(error), String(error)),
    )
    this.#socket.once('end', () => this.#end('reset', 'closed before the answer'))
    this.#socket.once('close', () => this.#end('reset', 'closed before the answer'))
  }

  isUsable(): boolean {
    return !this.#isClosed && performance.now() < this.#usableUntilMs
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  exchange(tally: Tally): Promise<void> {
    return new Promise((resolve) => {
      const deadline = setTimeout(() => this.#end('timeout', 'no answer in time'), this.#target.timeoutMs)
      this.#settle = (kind, message, response) => {
        this.#settle = undefined
        clearTimeout(deadline)
        if (response === undefined) tally.failed(kind as OutcomeKind, this.#mishap(message))
        else this.#answered(response, tally)
        resolve()
      }
      this.#sentAtMs = Date.now()
      this.#socket.write(this.#request)
    })
  }

  #receive(chunk: Buffer): void {
    try {
      const response = this.#parser.push(chunk)
      if (response === undefined) return
      if (this.#settle === undefined) this.#isClosed = true
      this.#settle?.('answered', '', response)
    } catch (error) {
      this.#end('unexpected', String(error))
    }
  }

  #answered({ status, headers }: Response, tally: Tally): void {
    this.#worker = headers['x-worker'] ?? this.#worker
    const hint = /timeout=(\d+)/.exec(headers['keep-alive'] ?? '')?.[1]
    if (hint !== undefined) {
      this.#usableUntilMs = performance.now() + Number(hint) * 1000 - KEEP_ALIVE_MARGIN_MS
    }
    if (this.#target.kind === 'connection' || headers.connection?.toLowerCase() === 'close') this.close()
    if (status >= 200 && status < 300) tally.answered(this.#worker)
    else tally.failed('wrongStatus', this.#mishap(`status ${status}`))
    this.#served++
  }

  #mishap(message: string): Mishap {
    const begun = this.#parser.hasBegun ? 'answered in part' : 'asked'
    return {
      message,
      worker: this.#worker,
      phase: this.#isConnected ? begun : 'connecting',
      sentAtMs: this.#sentAtMs,
      localPort: this.#localPort,
      served: this.#served,
    }
  }

  #end(kind: OutcomeKind, message: string): void {
    this.close()
    this.#settle?.(kind, message)
  }
}

/** After the connection was made, whatever ends it early has cut off the answer. */
function resetOr(error: unknown): OutcomeKind {
  const kind = kindOf(error)
  return kind === 'refused' ? 'reset' : kind
}

function requestBytes({ kind, path, host, body: given }: LoadTarget): Buffer {
  const isPost = kind === 'post'
  const body = isPost ? given : ''
  return Buffer.from(
    [
      `${isPost ? 'POST' : 'GET'} ${path} HTTP/1.1`,
      `Host: ${host}`,
      `Connection: ${kind === 'connection' ? 'close' : 'keep-alive'}`,
      ...(isPost ? ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`] : []),
      '',
      body,
    ].join('\r\n'),
  )
}
