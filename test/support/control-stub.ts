// A small real server that speaks the control protocol, or something else, on a unix socket.
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { UpkeepClient } from '../../src/client/upkeep-client.ts'
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '../../src/protocol/version.ts'

export interface StubRequest {
  readonly method: string
  readonly url: string
  readonly body: unknown
  readonly headers: IncomingMessage['headers']
}

export type Answer = (response: ServerResponse, request: StubRequest) => unknown

export interface ControlStub {
  readonly home: string
  readonly requests: readonly StubRequest[]
  client(options?: { readonly timeoutMs?: number }): UpkeepClient
}

/** A fresh folder that is removed when the test ends. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'upkeep-unit-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Listens on the control socket of a fresh home and gives each request to `answer`. */
export async function controlStub(t: TestContext, answer: Answer): Promise<ControlStub> {
  const requests: StubRequest[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request
    const body = await text(request)
    const seen = { method, url, headers, body: body === '' ? undefined : JSON.parse(body) }
    requests.push(seen)
    response.setHeader(PROTOCOL_HEADER, String(PROTOCOL_VERSION))
    answer(response, seen)
  })
  const home = await listening(t, server)
  return { home, requests, client: (options = {}) => new UpkeepClient({ home, ...options }) }
}

/** Any server on the control socket of a fresh home; returns the home. */
export async function listening(t: TestContext, server: Server): Promise<string> {
  const home = temporaryFolder(t)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(join(home, 'upkeep.sock'), resolve))
  t.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return home
}

export function answerJson(value: unknown, status = 200): Answer {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

export function answerLines(...values: readonly unknown[]): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    response.end(values.map((value) => `${JSON.stringify(value)}\n`).join(''))
  }
}
