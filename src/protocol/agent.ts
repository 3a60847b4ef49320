// What agent and daemon say to each other: one JSON object per line, over the channel the worker was born with or,
// after the daemon was replaced, over the agent socket. A `socket` message carries one handle (a listening socket).
// What the app itself sends with process.send() stays in the worker, except that it is ready.

/** A listening socket of an app, told apart by address. `index` numbers several sockets on port 0. */
export type SocketAddress =
  | {
      readonly kind: 'tcp'
      /** Numeric address; null for all (`::`, else `0.0.0.0`). */
      readonly host: string | null
      readonly family: 4 | 6
      readonly port: number
      readonly index: number
      readonly ipv6Only: boolean
    }
  | { readonly kind: 'unix'; readonly path: string }

export function socketKey(address: SocketAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  const index = address.port === 0 ? `#${address.index}` : ''
  return `tcp${address.family}${address.ipv6Only ? 'only' : ''}:${address.host ?? '*'}:${address.port}${index}`
}

/** Where an agent puts what its worker has said and nobody read, beside the pipe it was said to. */
export function restPathOf(pipePath: string): string {
  return `${pipePath}.rest`
}

export type AgentMessage =
  | {
      readonly type: 'hello'
      readonly version: number
      readonly worker: string
      readonly isDraining: boolean
    }
  /** The app called listen(): asks for the socket. */
  | { readonly type: 'listen'; readonly id: number; readonly address: SocketAddress }
  /** The server accepts connections now. */
  | { readonly type: 'listening'; readonly key: string; readonly shown: string }
  | { readonly type: 'closed'; readonly key: string }
  /** To a daemon that is new: the socket itself travels with this message. */
  | { readonly type: 'socket'; readonly address: SocketAddress }
  /** All sockets that were open are sent. */
  | { readonly type: 'introduced' }
  /** The app called process.send('ready'). */
  | { readonly type: 'ready' }
  | { readonly type: 'draining' }

export type DaemonMessage =
  /** Answer to `hello` on the agent socket: now the sockets may come. */
  | { readonly type: 'welcome' }
  /** Answer to `listen`; carries the handle, or an error number as libuv has it (negative). */
  | { readonly type: 'socket'; readonly id: number; readonly errno: number | null }
  | { readonly type: 'drain'; readonly signal: NodeJS.Signals; readonly timeoutMs: number }

/** Names of the environment variables through which a worker learns who it is. */
export const WORKER_ENV = {
  /** Id of the worker, unique per daemon home. */
  worker: 'UPKEEP_WORKER',
  /** Descriptor of the channel to the daemon that spawned it. */
  channel: 'UPKEEP_CHANNEL_FD',
  /** Path of the socket to reconnect to. */
  socket: 'UPKEEP_AGENT_SOCKET',
  /** Added to each port the app asks for. */
  portOffset: 'UPKEEP_PORT_OFFSET',
} as const
