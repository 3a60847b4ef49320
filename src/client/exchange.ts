// One request over the control socket, whole or as a stream of JSON lines. Every wait has a deadline: an answer must
// begin in time, and a stream must say something (the daemon sends empty lines) or it is taken for dead.
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import type { FailureData } from '../base/failure.ts'
import { FAILURE_EXIT_STATUS, Failure, isSystemError } from '../base/failure.ts'
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '../protocol/version.ts'

export interface Exchange {
  readonly socketPath: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  /** How long the daemon may be silent. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

export async function exchangeJson(exchange: Exchange): Promise<unknown> {
  const response = await send(exchange)
  const text = await readAll(response)
  const value = parse(text, exchange)
  checkAnswer(response, value)
  return value
}

export async function* exchangeLines(exchange: Exchange): AsyncGenerator<unknown> {
  const response = await send(exchange)
  if (response.statusCode !== 200) {
    checkAnswer(response, parse(await readAll(response), exchange))
    return
  }
  checkProtocol(response)
  let rest = ''
  try {
    for await (const chunk of response) {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') yield parse(line, exchange)
    }
  } catch (error) {
    throw toFailure(error, exchange)
  } finally {
    response.destroy()
  }
}

function send(exchange: Exchange): Promise<IncomingMessage> {
  const { socketPath, method, path, body, timeoutMs, signal } = exchange
  const text = body === undefined ? undefined : JSON.stringify(body)
  const headers = {
    [PROTOCOL_HEADER]: String(PROTOCOL_VERSION),
    ...(text === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
  }
  return new Promise((resolve, reject) => {
    const options = { socketPath, method, path, headers, ...(signal === undefined ? {} : { signal }) }
    const sent = request(options, (response) => {
      response.setEncoding('utf8')
      resolve(response)
    })
    sent.setTimeout(timeoutMs, () => sent.destroy(silent(timeoutMs)))
    sent.once('error', (error) => reject(toFailure(error, exchange)))
    sent.end(text)
  })
}

async function readAll(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += chunk
  return text
}

function parse(text: string, exchange: Exchange): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw notUpkeep(exchange.socketPath, error)
  }
}

function checkAnswer(response: IncomingMessage, value: unknown): void {
  const data = errorIn(value)
  if (data !== undefined) throw Failure.fromData(data)
  if (response.statusCode !== 200) throw notUpkeep(`status ${response.statusCode}`)
  checkProtocol(response)
}

function checkProtocol(response: IncomingMessage): void {
  const spoken = response.headers[PROTOCOL_HEADER]
  if (spoken === String(PROTOCOL_VERSION)) return
  if (spoken === undefined) throw notUpkeep('no version')
  throw new Failure(
    'PROTOCOL_MISMATCH',
    `Cannot talk to the daemon: it speaks protocol ${spoken}, this program ${PROTOCOL_VERSION}`,
    {
      hint: 'Replace the daemon with "upkeep daemon stop --keep-workers" and "upkeep daemon start"; apps go on',
    },
  )
}

function errorIn(value: unknown): FailureData | undefined {
  if (typeof value !== 'object' || value === null || !('error' in value)) return undefined
  const { error } = value
  if (typeof error !== 'object' || error === null || !('code' in error) || !('message' in error))
    return undefined
  const isKnown = typeof error.code === 'string' && error.code in FAILURE_EXIT_STATUS
  return isKnown ? (error as FailureData) : undefined
}

function toFailure(error: unknown, { socketPath, signal }: Exchange): unknown {
  if (error instanceof Failure) return error
  if (signal?.aborted === true) return signal.reason
  if (isSystemError(error, 'ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTSOCK')) {
    const isGone = isSystemError(error, 'ECONNRESET', 'EPIPE')
    const what = isGone ? 'it ended in the middle of the answer' : 'no daemon listens there'
    return new Failure('DAEMON_UNREACHABLE', `Cannot reach the daemon at "${socketPath}": ${what}`, {
      hint: isGone ? 'Apps go on; look with "upkeep list"' : 'Start one with "upkeep daemon start"',
      cause: error,
    })
  }
  if (isSystemError(error, 'EACCES', 'EPERM')) {
    return new Failure(
      'DAEMON_UNREACHABLE',
      `Cannot reach the daemon at "${socketPath}": it belongs to somebody else`,
      {
        hint: 'Set UPKEEP_HOME to your own home, or become the user whose daemon it is',
        cause: error,
      },
    )
  }
  return notUpkeep(socketPath, error)
}

function silent(timeoutMs: number): Failure {
  return new Failure(
    'DAEMON_UNREACHABLE',
    `Cannot go on: the daemon said nothing for ${timeoutMs / 1000} s`,
    {
      hint: 'It may be busy or stopped; look at daemon.log in its home',
    },
  )
}

function notUpkeep(where: string, cause?: unknown): Failure {
  return new Failure(
    'DAEMON_UNREACHABLE',
    `Cannot understand the answer of the daemon (${where.slice(0, 200)})`,
    {
      hint: 'Something else may listen on that socket',
      cause,
    },
  )
}
