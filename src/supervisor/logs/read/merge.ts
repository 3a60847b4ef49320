import type { LogEntry } from '../../../protocol/control.ts'

interface Head {
  readonly source: AsyncIterator<LogEntry[]>
  entries: readonly LogEntry[]
  next: number
}

/**
 * Entries of several sources in the order of time, in batches. Where times are equal it stays with the source it took
 * from last, so that the lines of a stack trace stay together.
 */
export async function* merged(sources: readonly AsyncGenerator<LogEntry[]>[]): AsyncGenerator<LogEntry[]> {
  const heads: Head[] = sources.map((source) => ({ source, entries: [], next: 0 }))
  try {
    let open = await refilled(heads)
    while (open.length > 0) {
      yield takeUntilOneIsEmpty(open)
      open = await refilled(open)
    }
  } finally {
    await Promise.all(sources.map((source) => source.return(undefined)))
  }
}

function takeUntilOneIsEmpty(heads: readonly Head[]): LogEntry[] {
  const taken: LogEntry[] = []
  let current = heads[0]
  while (current !== undefined) {
    for (const head of heads) {
      if (head !== current && timeOf(head) < timeOf(current)) current = head
    }
    const entry = current.entries[current.next++]
    if (entry !== undefined) taken.push(entry)
    if (current.next >= current.entries.length) return taken
  }
  return taken
}

function timeOf({ entries, next }: Head): string {
  return entries[next]?.time ?? ''
}

/** The heads that still have something, each with at least one entry. */
async function refilled(heads: readonly Head[]): Promise<Head[]> {
  const open: Head[] = []
  for (const head of heads) {
    if (head.next < head.entries.length || (await refill(head))) open.push(head)
  }
  return open
}

async function refill(head: Head): Promise<boolean> {
  while (true) {
    const { done, value } = await head.source.next()
    if (done === true) return false
    if (value.length === 0) continue
    head.entries = value
    head.next = 0
    return true
  }
}
