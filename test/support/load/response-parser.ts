// Reads HTTP/1.1 responses from a connection: a client of our own, because the one of Node hides the connection a
// request went over, and tries again where a test must see the failure.

export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bodyBytes: number
}

const EMPTY = Buffer.alloc(0)

export class ResponseParser {
  #rest: Buffer = EMPTY

  /** True when bytes came that belong to no response yet. */
  get hasBegun(): boolean {
    return this.#rest.length > 0
  }

  /** Adds bytes; returns the response when they complete it. Throws when it is not HTTP. */
  push(chunk: Buffer): Response | undefined {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const headEnd = this.#rest.indexOf('\r\n\r\n')
    if (headEnd === -1) return undefined
    const { status, headers } = parseHead(this.#rest.toString('latin1', 0, headEnd))
    const body = this.#rest.subarray(headEnd + 4)
    const bodyBytes = isChunked(headers) ? chunkedLength(body) : Number(headers['content-length'] ?? 0)
    if (bodyBytes === undefined || body.length < bodyBytes) return undefined
    if (body.length > bodyBytes) throw new Error('bytes after the end of the response')
    this.#rest = EMPTY
    return { status, headers, bodyBytes }
  }
}

function parseHead(head: string): Omit<Response, 'bodyBytes'> {
  const [statusLine = '', ...lines] = head.split('\r\n')
  const status = /^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]
  if (status === undefined) throw new Error(`not an HTTP response: ${statusLine.slice(0, 100)}`)
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  return { status: Number(status), headers: Object.fromEntries(headers) }
}

function isChunked(headers: Response['headers']): boolean {
  return headers['transfer-encoding']?.toLowerCase() === 'chunked'
}

/** Bytes up to and with the last chunk; undefined when it is not there yet. */
function chunkedLength(body: Buffer): number | undefined {
  let at = 0
  for (;;) {
    const lineEnd = body.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(body.toString('latin1', at, lineEnd), 16)
    if (Number.isNaN(size)) throw new Error('not a chunk size')
    at = lineEnd + 2 + size + 2
    if (size === 0) return body.length >= at ? at : undefined
    if (body.length < at) return undefined
  }
}
