// The listening sockets of one app. They are bound here and handed to every worker that asks, but never accepted from:
// so they outlive each worker, and while none accepts, connections wait in the kernel's queue.
import { statSync } from 'node:fs'
import net from 'node:net'
import { getSystemErrorMap } from 'node:util'
import type { SocketAddress } from '../../protocol/agent.ts'
import { socketKey } from '../../protocol/agent.ts'
import type { Balance } from '../../protocol/app-spec.ts'

const TCP_IPV6_ONLY = 1
const TCP_REUSE_PORT = 2

/** Older versions cannot bind several sockets to one port. */
export const CAN_SPREAD = hasReusePort(process.versions.node)

/** A worker that asks for more would take all descriptors of the daemon. */
const MOST_PER_INSTANCE = 1024

/** Node's internal handle of a bound or listening socket. */
export interface SocketHandle {
  close(): void
  getsockname?(out: object): number
}

export interface HeldSocket {
  readonly address: SocketAddress
  /** Which asked for it first. */
  readonly instance: number
  readonly handle: SocketHandle
}

interface Held extends HeldSocket {
  /** Device and inode of a unix socket's file, to notice when the app removed it. */
  readonly file: string | undefined
}

export type Acquired = { readonly handle: SocketHandle } | { readonly errno: number }

export class ListeningSockets {
  readonly #held = new Map<string, Held>()
  #expected: Promise<unknown> = Promise.resolve()

  /** Sockets will come from adopted workers until this resolves; whoever asks for one waits. */
  expect(handover: Promise<unknown>): void {
    this.#expected = handover
  }

  /** The socket for this address, bound now if it is not held yet. */
  async acquire(address: SocketAddress, instance: number, balance: Balance): Promise<Acquired> {
    await this.#expected
    return this.#acquireNow(address, instance, balance)
  }

  #acquireNow(address: SocketAddress, instance: number, balance: Balance): Acquired {
    const isSpread = balance === 'spread' && CAN_SPREAD && address.kind === 'tcp'
    const key = isSpread ? `${instance}/${socketKey(address)}` : socketKey(address)
    const held = this.#held.get(key)
    if (held !== undefined && isStillThere(held, address)) return { handle: held.handle }
    if (held === undefined && this.#isFull(instance)) return { errno: errnoOf('EMFILE') }
    const bound = bind(address, isSpread ? TCP_REUSE_PORT : 0)
    if ('errno' in bound) return bound
    held?.handle.close()
    this.#held.set(key, { address, instance, handle: bound.handle, file: fileOf(address) })
    return bound
  }

  /** Takes a socket that an adopted worker or the daemon before sent, unless one is held for that address. */
  keep(address: SocketAddress, handle: SocketHandle, instance: number, balance: Balance): void {
    const isSpread = balance === 'spread' && CAN_SPREAD && address.kind === 'tcp'
    const key = isSpread ? `${instance}/${socketKey(address)}` : socketKey(address)
    if (this.#held.has(key) || this.#isFull(instance)) handle.close()
    else this.#held.set(key, { address, instance, handle, file: fileOf(address) })
  }

  get count(): number {
    return this.#held.size
  }

  /** From now on connections are refused, as soon as no worker listens any more. */
  close(): void {
    for (const { handle } of this.#held.values()) handle.close()
    this.#held.clear()
  }

  /** Lets go of all without closing them: another daemon gets them. */
  release(): HeldSocket[] {
    const released = [...this.#held.values()]
    this.#held.clear()
    return released
  }

  #isFull(instance: number): boolean {
    const own = [...this.#held.values()].filter((held) => held.instance === instance)
    return own.length >= MOST_PER_INSTANCE
  }
}

type CreateHandle = (
  address: string | null,
  port: number,
  addressType: number,
  fd: undefined,
  flags: number,
) => SocketHandle | number

const createHandle = Reflect.get(net, '_createServerHandle') as CreateHandle

function bind(address: SocketAddress, flags: number): Acquired {
  if (address.kind === 'unix') return result(createHandle(address.path, -1, -1, undefined, 0))
  const { host, port, family } = address
  const allFlags = flags | (address.ipv6Only ? TCP_IPV6_ONLY : 0)
  if (host !== null) return checked(createHandle(host, port, family, undefined, allFlags), port)
  const dual = checked(createHandle('::', port, 6, undefined, allFlags), port)
  // Without IPv6 in the kernel Node listens on IPv4 alone.
  return 'errno' in dual && !isInUse(dual.errno)
    ? checked(createHandle('0.0.0.0', port, 4, undefined, flags), port)
    : dual
}

/** libuv tells EADDRINUSE only later; until then such a socket has no address. */
function checked(made: SocketHandle | number, port: number): Acquired {
  if (typeof made === 'number') return { errno: made }
  const name: { port?: number } = {}
  const errno = made.getsockname?.(name) ?? 0
  if (errno === 0 && (port === 0 || name.port === port)) return { handle: made }
  made.close()
  return { errno: errno < 0 ? errno : errnoOf('EADDRINUSE') }
}

function result(made: SocketHandle | number): Acquired {
  return typeof made === 'number' ? { errno: made } : { handle: made }
}

function errnoOf(code: string): number {
  return [...getSystemErrorMap()].find(([, [name]]) => name === code)?.[0] ?? -1
}

function isInUse(errno: number): boolean {
  return errno === errnoOf('EADDRINUSE') || errno === errnoOf('EACCES')
}

function fileOf(address: SocketAddress): string | undefined {
  if (address.kind !== 'unix') return undefined
  try {
    const { dev, ino } = statSync(address.path)
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}

function isStillThere(held: Held, address: SocketAddress): boolean {
  return address.kind !== 'unix' || held.file === fileOf(address)
}

function hasReusePort(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 22 ? major > 23 || minor >= 1 : major === 22 && minor >= 12
}
