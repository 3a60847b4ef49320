import net from 'node:net'
import tls from 'node:tls'

/** `get` and `post` keep their connections, `connection` makes one per request. */
export type LoadKind = 'get' | 'post' | 'connection' | 'http2'

export interface LoadOptions {
  readonly kind: LoadKind
  readonly port?: number
  readonly host?: string
  readonly socketPath?: string
  readonly tls?: boolean
  readonly path?: string
  /** Clients that send at the same time. @default 20 */
  readonly clients?: number
  /** Each client waits for a random time up to this between two requests, so that connections are idle too. */
  readonly pauseMs?: number
  readonly timeoutMs?: number
  /** What `post` sends, as JSON. */
  readonly body?: string
}

export type LoadTarget = Required<Omit<LoadOptions, 'socketPath' | 'port'>> & {
  readonly socketPath: string | undefined
  readonly port: number | undefined
}

export function targetOf(options: LoadOptions): LoadTarget {
  return {
    host: '127.0.0.1',
    tls: false,
    path: '/',
    clients: 20,
    pauseMs: 10,
    timeoutMs: 8000,
    body: JSON.stringify({ text: 'x'.repeat(1000) }),
    socketPath: undefined,
    port: undefined,
    ...options,
  }
}

export function connect({ host, port, socketPath, tls: isTls }: LoadTarget, alpn: string): net.Socket {
  const address = socketPath === undefined ? { host, port: port ?? 0 } : { path: socketPath }
  if (!isTls) return net.connect({ ...address, noDelay: true })
  return tls.connect({ ...address, rejectUnauthorized: false, ALPNProtocols: [alpn] })
}
