/** Consecutive lines of one worker that are in no file. */
export interface Gap {
  readonly worker: string
  readonly from: number
  readonly count: number
  readonly bytes: number
}

export interface LineCounts {
  readonly written: number
  readonly gaps: readonly Gap[]
  readonly twice: number
  /** Lines that came after a later one of the same worker, and not twice. */
  readonly outOfOrder: number
  /** Lines nobody wrote like this: a gap that begins or ends in the middle of a line leaves one. */
  readonly torn: readonly string[]
  /** Lines of apps whose start a kill undid before anything was written down: nobody knows where they belong. */
  readonly undone: number
}

export function linesSince(after: LineCounts, before: LineCounts | undefined): LineCounts {
  if (before === undefined) return after
  return {
    written: after.written - before.written,
    gaps: after.gaps.slice(before.gaps.length),
    twice: after.twice - before.twice,
    outOfOrder: after.outOfOrder - before.outOfOrder,
    torn: after.torn.slice(before.torn.length),
    undone: after.undone - before.undone,
  }
}

/** Of several apps. */
export function allLines(counts: readonly LineCounts[]): LineCounts {
  const sum = (key: 'written' | 'twice' | 'outOfOrder' | 'undone') =>
    counts.reduce((total, each) => total + each[key], 0)
  return {
    written: sum('written'),
    gaps: counts.flatMap(({ gaps }) => gaps),
    twice: sum('twice'),
    outOfOrder: sum('outOfOrder'),
    torn: counts.flatMap(({ torn }) => torn),
    undone: sum('undone'),
  }
}

/** A kill of the daemon is no reason for any of it. */
export function lineProblems({ gaps, twice, outOfOrder, torn }: LineCounts): string[] {
  return [
    ...(gaps.length > 0 ? [`missing lines: ${JSON.stringify(gaps)}`] : []),
    ...(torn.length > 0 ? [`torn lines: ${JSON.stringify(torn)}`] : []),
    ...(outOfOrder > 0 ? [`${outOfOrder} lines out of order`] : []),
    ...(twice > 0 ? [`${twice} lines twice`] : []),
  ]
}
