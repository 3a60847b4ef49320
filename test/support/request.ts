import http from 'node:http'
import https from 'node:https'

export interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
  json<T>(): T
}

export interface RequestTarget {
  readonly port?: number
  readonly host?: string
  readonly socketPath?: string
  readonly path?: string
  readonly method?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly tls?: boolean
  readonly timeoutMs?: number
}

/** One request on a connection of its own. Rejects with what the connection said. */
export function request(target: RequestTarget): Promise<Answer> {
  const { body, tls = false, timeoutMs = 5000, host = '127.0.0.1', ...options } = target
  return new Promise((resolve, reject) => {
    const call = tls ? https.request : http.request
    const sent = call({ host, agent: false, rejectUnauthorized: false, ...options }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.once('error', reject)
      response.once('end', () => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, body: text, json: () => JSON.parse(text) })
      })
    })
    sent.once('error', reject)
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    sent.end(body)
  })
}

export async function get(port: number, path = '/'): Promise<Answer> {
  return request({ port, path })
}
