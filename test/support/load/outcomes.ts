/** How requests ended, by kind. A correct server under a correct client has only `ok`. */
export interface Outcomes {
  ok: number
  /** No connection could be made. */
  refused: number
  /** The connection ended before the answer did. */
  reset: number
  /** No complete answer in time. */
  timeout: number
  /** An answer, but not a 2xx one. */
  wrongStatus: number
  unexpected: number
}

export type OutcomeKind = keyof Outcomes

/** What a client knows about a request that failed. */
export interface Mishap {
  readonly message: string
  /** The pid in the `x-worker` header of the connection's last answer: who held the connection. */
  readonly worker: string | null
  /** How far the request had come. */
  readonly phase: 'connecting' | 'asked' | 'answered in part'
  readonly sentAtMs: number
  /** Of the client, to find the connection in what the kernel or the app tells. */
  readonly localPort: number | null
  /** Requests that were answered on the connection before. */
  readonly served: number
}

export interface LoadFailure extends Mishap {
  readonly kind: OutcomeKind
  readonly atMs: number
}

export interface LoadReport {
  readonly outcomes: Outcomes
  /** The first failures; enough to see what is wrong. */
  readonly failures: readonly LoadFailure[]
  /** Answers by the pid in `x-worker`. */
  readonly workers: Readonly<Record<string, number>>
  readonly connections: number
}

export const NO_OUTCOMES: Readonly<Outcomes> = {
  ok: 0,
  refused: 0,
  reset: 0,
  timeout: 0,
  wrongStatus: 0,
  unexpected: 0,
}

const MOST_FAILURES = 50

export class Tally {
  readonly #outcomes: Outcomes = { ...NO_OUTCOMES }
  readonly #failures: LoadFailure[] = []
  readonly #workers: Record<string, number> = {}
  connections = 0

  answered(worker: string | null): void {
    if (worker !== null) this.#workers[worker] = (this.#workers[worker] ?? 0) + 1
    this.#outcomes.ok++
  }

  failed(kind: OutcomeKind, mishap: Mishap): void {
    this.#outcomes[kind]++
    if (this.#failures.length < MOST_FAILURES) this.#failures.push({ kind, ...mishap, atMs: Date.now() })
  }

  report(): LoadReport {
    return {
      outcomes: { ...this.#outcomes },
      failures: [...this.#failures],
      workers: { ...this.#workers },
      connections: this.connections,
    }
  }
}

/** The kind of failure an error of a connection means. */
export function kindOf(error: unknown): OutcomeKind {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return 'refused'
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNABORTED') return 'reset'
  if (code === 'ETIMEDOUT') return 'timeout'
  return 'unexpected'
}
