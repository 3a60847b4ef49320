// What two daemons say to each other while one takes over from the other, over the IPC channel of child_process. They are of
// different versions: what is here may only ever grow.
import type { SocketAddress } from '../../protocol/agent.ts'

export type FromSuccessor =
  /** It runs, it can read the state, and has touched nothing. */
  | { readonly type: 'prepared' }
  /** It has all workers, and answers in place of the other. */
  | { readonly type: 'ready' }
  /** It has a keeper: from now on somebody sees when it dies. */
  | { readonly type: 'kept' }

export type ToSuccessor =
  /** A listening socket of an app; the handle travels with the message. */
  | {
      readonly type: 'socket'
      readonly app: string
      readonly instance: number
      readonly address: SocketAddress
    }
  /** All sockets are sent, the state is written, and nobody reads the pipes of the workers. */
  | { readonly type: 'adopt' }
  /** It is the daemon now. The end of the line says the same: then the other is gone. */
  | { readonly type: 'commit' }
