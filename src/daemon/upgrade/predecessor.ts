// The daemon that hands over, as the one that is to come sees it. When it dies on the way, nobody is left to go back to:
// then this one goes on.
import type { SocketAddress } from '../../protocol/agent.ts'
import type { SocketHandle } from '../../supervisor/sockets/listening-sockets.ts'
import type { AppSocket } from '../../supervisor/supervisor.ts'
import type { FromSuccessor, ToSuccessor } from './hand-over-message.ts'

export class Predecessor {
  readonly sockets: AppSocket[] = []
  readonly #told = new Set<ToSuccessor['type']>()
  #isGone = false
  #listener: () => void = () => {}

  constructor() {
    process.on('message', (message: ToSuccessor, handle: SocketHandle | undefined) => {
      if (message.type === 'socket' && handle !== undefined) this.#keep(message, handle)
      this.#told.add(message.type)
      this.#listener()
    })
    process.once('disconnect', () => {
      this.#isGone = true
      this.#listener()
    })
  }

  /** Resolves when this daemon may take over. */
  async prepared(): Promise<void> {
    this.#say({ type: 'prepared' })
    await this.#toTell('adopt')
  }

  /** Resolves when this daemon is the one. */
  async ready(): Promise<void> {
    this.#say({ type: 'ready' })
    await this.#toTell('commit')
  }

  /** Lets the other one leave: a keeper sees to this daemon. */
  kept(): void {
    this.#say({ type: 'kept' }, () => process.connected && process.disconnect())
  }

  #say(message: FromSuccessor, said: () => unknown = () => {}): void {
    if (process.connected) process.send?.(message, undefined, {}, said)
  }

  async #toTell(type: ToSuccessor['type']): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#listener = () => {
        if (this.#told.has(type) || this.#isGone) resolve()
      }
      this.#listener()
    })
  }

  #keep(
    { app, instance, address }: { app: string; instance: number; address: SocketAddress },
    handle: SocketHandle,
  ) {
    this.sockets.push({ app, instance, address, handle })
  }
}
