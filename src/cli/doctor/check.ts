export type Verdict = 'ok' | 'warning' | 'problem'

/** What one look at the machine found. */
export interface Finding {
  readonly check: string
  readonly verdict: Verdict
  /** One sentence: what is so. */
  readonly text: string
  /** What to do about it. */
  readonly hint?: string
}

export function good(check: string, text: string): Finding {
  return { check, verdict: 'ok', text }
}

export function warning(check: string, text: string, hint: string): Finding {
  return { check, verdict: 'warning', text, hint }
}

export function problem(check: string, text: string, hint: string): Finding {
  return { check, verdict: 'problem', text, hint }
}
