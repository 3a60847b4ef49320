// The one door to the daemon: HTTP/JSON on a unix socket. Plain node:http: a framework's web streams cost more memory than
// all of the rest of the daemon (docs/decisions/0004).
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { FailureCode } from '../base/failure.ts'
import { Failure } from '../base/failure.ts'
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '../protocol/version.ts'
import type { ControlPorts, Handler } from './control-routes.ts'
import { CONTROL_ROUTES } from './control-routes.ts'
import { toFailure } from './operations.ts'
import { PACKAGE_VERSION } from './package-version.ts'

const MOST_BODY_BYTES = 16 * 1024 * 1024

export function controlServer(ports: ControlPorts): Server {
  const server = createServer((request, response) => void answer(request, response, ports))
  // Long operations and followed logs are single requests.
  server.requestTimeout = 0
  return server
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  ports: ControlPorts,
): Promise<void> {
  response.setHeader(PROTOCOL_HEADER, String(PROTOCOL_VERSION))
  try {
    checkVersion(request.headers[PROTOCOL_HEADER])
    const { pathname, searchParams: query } = readTarget(request.url ?? '/')
    const { handler, name } = findRoute(request.method ?? 'GET', pathname)
    const body = request.method === 'POST' ? await readBody(request) : undefined
    const value = await handler({ name, query, body, response }, ports)
    if (value !== undefined) sendJson(response, 200, value)
  } catch (error) {
    const failure = toFailure(error)
    if (response.headersSent) response.destroy()
    else sendJson(response, HTTP_STATUS[failure.code] ?? 500, { error: failure.toJSON() })
  }
}

/** Also the form with a host, which HTTP allows; a path that begins with two slashes has none. */
function readTarget(target: string): URL {
  const text = target.startsWith('/') ? `http://upkeep${target}` : target
  if (URL.canParse(text)) return new URL(text)
  throw new Failure('REQUEST_INVALID', 'Cannot read the request: its target is neither a path nor a URL')
}

function findRoute(method: string, path: string): { handler: Handler; name: string } {
  const exact = CONTROL_ROUTES[`${method} ${path}`]
  if (exact !== undefined) return { handler: exact, name: '' }
  const [, parent = '', last = ''] = /^(.*\/)([^/]+)$/.exec(path) ?? []
  const named = CONTROL_ROUTES[`${method} ${parent}:name`]
  if (named !== undefined) return { handler: named, name: decoded(last) }
  throw new Failure(
    'ROUTE_UNKNOWN',
    `Cannot answer ${method} ${path.slice(0, 200)}: there is no such route`,
    {
      hint: 'docs/reference/control-api.md lists the routes',
    },
  )
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Failure('REQUEST_INVALID', 'Cannot read the path: it is not valid UTF-8')
  }
}

/** The body as JSON; an empty one is an empty object. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MOST_BODY_BYTES)
      throw new Failure('REQUEST_INVALID', 'Cannot read the body: it is larger than 16 MB')
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString('utf8')
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    throw new Failure('REQUEST_INVALID', 'Cannot read the body: it is not JSON')
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value)
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  // What is left of a body that was too large is not read.
  if (status !== 200) response.shouldKeepAlive = false
  response.writeHead(status, headers).end(text)
}

const HTTP_STATUS: Partial<Record<FailureCode, number>> = {
  APP_NOT_FOUND: 404,
  ROUTE_UNKNOWN: 404,
  APP_ALREADY_RUNNING: 409,
  APP_NOT_RUNNING: 409,
  CONFIG_INVALID: 400,
  REQUEST_INVALID: 400,
  STATE_UNREADABLE: 400,
  USAGE: 400,
  PROTOCOL_MISMATCH: 426,
  DAEMON_BUSY: 409,
}

function checkVersion(spoken: string | string[] | undefined): void {
  if (spoken === undefined || spoken === String(PROTOCOL_VERSION)) return
  const shown = /^\d{1,6}$/.test(String(spoken)) ? spoken : 'another'
  throw new Failure(
    'PROTOCOL_MISMATCH',
    `Cannot talk: the daemon speaks protocol ${PROTOCOL_VERSION}, the client ${shown}`,
    {
      hint:
        Number(spoken) > PROTOCOL_VERSION
          ? 'Replace the daemon with "upkeep upgrade"; apps go on'
          : `Use Upkeep ${PACKAGE_VERSION}, which the daemon is of`,
    },
  )
}
