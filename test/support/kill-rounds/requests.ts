import type { LoadFailure, LoadKind, LoadReport, Outcomes } from '../load/load.ts'
import { Load, NO_OUTCOMES } from '../load/load.ts'

export interface RequestCounts {
  readonly outcomes: Outcomes
  readonly failures: readonly LoadFailure[]
}

const KINDS: readonly LoadKind[] = ['get', 'post', 'connection']
const PAUSE_MS = 20
/** So many of each kind show that requests flow. */
const FLOW = 20

/** Clients of every kind, and what became of their requests, piece by piece. */
export class Requests {
  readonly #loads: readonly Load[]
  #before: Outcomes = { ...NO_OUTCOMES }
  #seenFailures = 0

  /** Sends until it is stopped; `clients` of each kind. */
  constructor(port: number, clients: number) {
    this.#loads = KINDS.map((kind) => new Load({ kind, port, clients, pauseMs: PAUSE_MS }))
  }

  /** Waits until some more were answered well. */
  async flow(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.answers(FLOW)))
  }

  /** Those that ended since the last call. */
  async recent(): Promise<RequestCounts> {
    return this.#sinceBefore(await Promise.all(this.#loads.map((load) => load.report())))
  }

  /** Lets the clients finish what they began; returns what ended since the last call. */
  async stop(): Promise<RequestCounts> {
    return this.#sinceBefore(await Promise.all(this.#loads.map((load) => load.stop())))
  }

  kill(): void {
    for (const load of this.#loads) load.kill()
  }

  #sinceBefore(reports: readonly LoadReport[]): RequestCounts {
    const total = { ...NO_OUTCOMES }
    for (const report of reports) add(total, report.outcomes, 1)
    const outcomes = { ...total }
    add(outcomes, this.#before, -1)
    this.#before = total
    const failures = reports.flatMap(({ failures }) => failures).sort((a, b) => a.atMs - b.atMs)
    const recent = failures.slice(this.#seenFailures)
    this.#seenFailures = failures.length
    return { outcomes, failures: recent }
  }
}

function add(total: Outcomes, outcomes: Outcomes, factor: 1 | -1): void {
  for (const kind of Object.keys(total) as (keyof Outcomes)[]) total[kind] += factor * outcomes[kind]
}
