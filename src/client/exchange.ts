// One request over the control socket, whole or as a stream of JSON lines. Every wait has a deadline: a daemon begins to
// answer at once, and one that is silent for too long (on a stream it sends at least empty lines) is taken for dead.
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { dirname } from 'node:path'
import { Failure } from '../base/failure.ts'
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '../protocol/version.ts'
import { checkProtocol, failureIn, notUpkeep, silent, unanswered, unreachable } from './exchange-failure.ts'
import { tryReadDaemonPid } from './home.ts'
import { tryReadKeeperFailure } from './keeper-failure.ts'
import { Silence } from './silence.ts'

export interface Exchange {
  readonly socketPath: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  /** How long the daemon may take to begin its answer. */
  readonly answerTimeoutMs: number
  /** How long it may be silent then. */
  readonly timeoutMs: number
  /** False for what works with a daemon of any version. */
  readonly isVersioned: boolean
  readonly signal?: AbortSignal | undefined
}

/** Far more than any answer or line has. */
const MOST_CHARACTERS = 256 * 1024 * 1024

export async function exchangeJson(exchange: Exchange): Promise<object> {
  let text = ''
  for await (const chunk of chunksOf(exchange)) {
    text += chunk
    checkLength(text, exchange)
  }
  return parsed(text, exchange)
}

export async function* exchangeLines(exchange: Exchange): AsyncGenerator<object> {
  let rest = ''
  for await (const chunk of chunksOf(exchange)) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    checkLength(rest, exchange)
    for (const line of lines) if (line !== '') yield parsed(line, exchange)
  }
  if (rest.trim() !== '') yield parsed(rest, exchange)
}

/** The body of a good answer, as it comes. Anything else is thrown as a Failure. */
async function* chunksOf(exchange: Exchange): AsyncGenerator<string> {
  const { socketPath, answerTimeoutMs, timeoutMs, signal, isVersioned } = exchange
  let sent: ClientRequest | undefined
  let late: Failure | undefined
  const text = exchange.body === undefined ? undefined : jsonOf(exchange.body)
  const giveUp = (failure: Failure) => {
    late = failure
    sent?.destroy()
  }
  let silence = new Silence(answerTimeoutMs, () =>
    giveUp(unanswered(answerTimeoutMs, tryReadDaemonPid(socketPath))),
  )
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent = send(exchange, text)
      sent.once('response', resolve).once('error', reject)
    })
    silence.end()
    silence = new Silence(timeoutMs, () => giveUp(silent(timeoutMs)))
    response.setEncoding('utf8')
    if (response.statusCode !== 200) throw await badAnswer(response, socketPath)
    if (isVersioned) checkProtocol(response.headers[PROTOCOL_HEADER], socketPath)
    for await (const chunk of response as AsyncIterable<string>) {
      silence.heard()
      yield chunk
      silence.listen()
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    if (late !== undefined) throw late
    if (signal?.aborted === true) throw signal.reason
    throw unreachable(error, socketPath, tryReadKeeperFailure(dirname(socketPath)))
  } finally {
    silence.end()
    sent?.destroy()
  }
}

/** What has no text is a mistake of the caller: the daemon could be reached. */
function jsonOf(body: unknown): string {
  try {
    return JSON.stringify(body)
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error
    throw new Failure('REQUEST_INVALID', `Cannot ask the daemon: the request has no text, ${error.message}`, {
      hint: 'It is nested too deeply, or in a circle',
      cause: error,
    })
  }
}

function send(
  { socketPath, method, path, isVersioned, signal }: Exchange,
  text: string | undefined,
): ClientRequest {
  const headers = {
    ...(isVersioned ? { [PROTOCOL_HEADER]: String(PROTOCOL_VERSION) } : {}),
    ...(text === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
  }
  // A connection that is kept for the next request may be closed by the daemon just then.
  const options = {
    socketPath,
    method,
    path,
    headers,
    agent: false,
    ...(signal === undefined ? {} : { signal }),
  }
  const sent = request(options)
  // An error after the answer has begun reaches the reader of the answer; here it would be unhandled.
  sent.on('error', () => {})
  sent.end(text)
  return sent
}

async function badAnswer(response: IncomingMessage, socketPath: string): Promise<Failure> {
  let text = ''
  for await (const chunk of response) {
    text += chunk
    if (text.length > MOST_CHARACTERS) break
  }
  return failureIn(text) ?? notUpkeep(socketPath, `status ${response.statusCode}`)
}

function checkLength({ length }: string, { socketPath }: Exchange): void {
  if (length > MOST_CHARACTERS) throw notUpkeep(socketPath, `more than ${MOST_CHARACTERS} characters`)
}

function parsed(text: string, { socketPath }: Exchange): object {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw notUpkeep(socketPath, 'not JSON')
  }
  if (typeof value !== 'object' || value === null) throw notUpkeep(socketPath, 'not a JSON object')
  return value
}
