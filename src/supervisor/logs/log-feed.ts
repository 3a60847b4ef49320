import type { LogEntry } from '../../protocol/control.ts'
import { LogSubscription } from './log-subscription.ts'

/** Which lines a follower wants; what is left out is not asked about. */
export interface LogFilter {
  readonly apps?: readonly string[] | undefined
  readonly instance?: number | undefined
  readonly stream?: LogEntry['stream'] | undefined
}

type Origin = Pick<LogEntry, 'app' | 'instance' | 'stream'>

/** Lines as they are written, for everybody who follows. While nobody does, lines are not even split. */
export class LogFeed {
  readonly #subscriptions = new Map<LogSubscription, LogFilter>()

  isWatched(origin: Origin): boolean {
    if (this.#subscriptions.size === 0) return false
    return [...this.#subscriptions.values()].some((filter) => accepts(filter, origin))
  }

  publish(entry: LogEntry): void {
    for (const [subscription, filter] of this.#subscriptions) {
      if (accepts(filter, entry)) subscription.push(entry)
    }
  }

  /**
   * The lines from now on, until `close` or `signal`. A call of `readLogs` in the same turn of the event loop ends
   * exactly where this begins.
   */
  subscribe(filter: LogFilter = {}, signal?: AbortSignal): LogSubscription {
    const subscription = new LogSubscription(() => {
      this.#subscriptions.delete(subscription)
      signal?.removeEventListener('abort', close)
    })
    const close = () => subscription.close()
    this.#subscriptions.set(subscription, filter)
    if (signal?.aborted) subscription.close()
    else signal?.addEventListener('abort', close, { once: true })
    return subscription
  }
}

function accepts(filter: LogFilter, origin: Origin): boolean {
  if (filter.apps !== undefined && !filter.apps.includes(origin.app)) return false
  if (filter.instance !== undefined && filter.instance !== origin.instance) return false
  return filter.stream === undefined || filter.stream === origin.stream
}
