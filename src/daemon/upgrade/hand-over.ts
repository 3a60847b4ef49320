// One daemon takes the place of another. Until the new one has said that it is prepared, nothing has changed. Then the old
// one lets go of everything but its door and the lock, which both hold; the new one adopts, as it would after a death, and
// only when it has said that it is ready and has a keeper the old one leaves. If it does not say so, it is killed and the old one adopts.
import type { Clock } from '../../base/clock.ts'
import type { UpgradeRequest, UpgradeResult } from '../../protocol/control.ts'
import type { AppSocket } from '../../supervisor/supervisor.ts'
import type { Home } from '../home.ts'
import { Successor } from './successor.ts'

/** The daemon that leaves. */
export interface Leaving {
  readonly home: Home
  readonly clock: Clock
  readonly lockFd: number
  /** Lets no operation begin. Throws when one is under way, and when the state cannot be written. */
  shut(): Promise<void>
  /** Undoes `shut`. */
  open(): void
  /** Writes the state, lets go of the workers, and returns the listening sockets, still open. Where it cannot, it ends the process. */
  release(): Promise<readonly AppSocket[]>
  /** Adopts what it has released. */
  takeBack(sockets: readonly AppSocket[]): Promise<void>
}

export async function handOver(
  leaving: Leaving,
  { command, timeoutMs }: UpgradeRequest,
  signal: AbortSignal,
): Promise<UpgradeResult> {
  await leaving.shut()
  const successor = await prepared(leaving, command, timeoutMs, signal)
  const sockets: AppSocket[] = []
  try {
    sockets.push(...(await leaving.release()))
    for (const { app, instance, address, handle } of sockets) {
      signal.throwIfAborted()
      await successor.tell({ type: 'socket', app, instance, address }, handle)
    }
    await successor.tell({ type: 'adopt' })
    await successor.toSay('ready', timeoutMs)
    signal.throwIfAborted()
    await successor.tell({ type: 'commit' })
    // A death before that nobody else would see.
    await successor.toSay('kept', timeoutMs)
  } catch (error) {
    await successor.kill()
    successor.forget()
    if (!signal.aborted) await leaving.takeBack(sockets)
    throw error
  }
  successor.release()
  return { pid: successor.pid }
}

async function prepared(
  leaving: Leaving,
  command: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Successor> {
  const { home, clock, lockFd } = leaving
  let successor: Successor | undefined
  try {
    const started = new Successor({ home, clock, command, lockFd })
    successor = started
    signal.addEventListener('abort', () => void started.kill(), { once: true })
    await successor.toSay('prepared', timeoutMs)
    return successor
  } catch (error) {
    await successor?.kill()
    successor?.forget()
    leaving.open()
    throw error
  }
}
