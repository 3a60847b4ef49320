import { EventEmitter, on } from 'node:events'
import type { SupervisorEvent } from '../protocol/control.ts'

const KEPT = 200

/** What happened lately and what happens next. */
export class EventFeed {
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  readonly #recent: SupervisorEvent[] = []

  publish(event: SupervisorEvent): void {
    this.#recent.push(event)
    if (this.#recent.length > KEPT) this.#recent.shift()
    this.#emitter.emit('event', event)
  }

  recent(): readonly SupervisorEvent[] {
    return [...this.#recent]
  }

  async *follow(signal: AbortSignal): AsyncGenerator<SupervisorEvent> {
    yield* this.recent()
    try {
      for await (const [event] of on(this.#emitter, 'event', { signal })) yield event as SupervisorEvent
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
