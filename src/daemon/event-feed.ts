import type { SupervisorEvent } from '../protocol/control.ts'

/** How many of the past it tells. */
export const KEPT_EVENTS = 200
/** A reader that does not keep up loses the oldest, not the daemon its memory. */
const MOST_WAITING = 1000

interface Reader {
  readonly waiting: SupervisorEvent[]
  wake: () => void
}

/** What happened lately and what happens next. */
export class EventFeed {
  readonly #readers = new Set<Reader>()
  readonly #recent: SupervisorEvent[]

  /** Goes on after what was before. */
  constructor(earlier: readonly SupervisorEvent[]) {
    this.#recent = [...earlier]
  }

  publish(event: SupervisorEvent): void {
    keep(this.#recent, event, KEPT_EVENTS)
    for (const reader of this.#readers) {
      keep(reader.waiting, event, MOST_WAITING)
      reader.wake()
    }
  }

  recent(): readonly SupervisorEvent[] {
    return [...this.#recent]
  }

  async *follow(signal: AbortSignal): AsyncGenerator<SupervisorEvent> {
    const reader: Reader = { waiting: [...this.#recent], wake: () => {} }
    this.#readers.add(reader)
    signal.addEventListener('abort', () => reader.wake(), { once: true })
    try {
      while (!signal.aborted) {
        const event = reader.waiting.shift()
        if (event !== undefined) yield event
        else
          await new Promise<void>((resolve) => {
            reader.wake = resolve
          })
      }
    } finally {
      this.#readers.delete(reader)
    }
  }
}

function keep(list: SupervisorEvent[], event: SupervisorEvent, most: number): void {
  list.push(event)
  if (list.length > most) list.shift()
}
