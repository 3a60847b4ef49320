// The lines that are there, in time order over all apps, then those that come.
import type { LogEntry, LogQuery } from '../protocol/control.ts'
import type { LogFeed } from '../supervisor/logs/log-feed.ts'

export async function* followLogs(
  past: readonly AsyncIterable<LogEntry>[],
  feed: LogFeed,
  apps: readonly string[],
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  // Subscribed before the files are read, so that nothing falls between; what both saw is told apart below.
  const { instance, stream } = query
  const filter = {
    apps,
    ...(instance === undefined ? {} : { instance }),
    ...(stream === undefined ? {} : { stream }),
  }
  const fresh = query.follow === true ? feed.subscribe(filter, signal) : undefined
  const startedMs = Date.now()
  yield* merged(past, startedMs)
  if (fresh === undefined) return
  for await (const entry of fresh) if (Date.parse(entry.time) > startedMs) yield entry
}

async function* merged(
  sources: readonly AsyncIterable<LogEntry>[],
  untilMs: number,
): AsyncGenerator<LogEntry> {
  const heads = await Promise.all(
    sources.map(async (source) => {
      const iterator = source[Symbol.asyncIterator]()
      return { iterator, head: await iterator.next() }
    }),
  )
  for (;;) {
    const open = heads.filter(({ head }) => head.done !== true)
    const first = open.reduce<(typeof open)[number] | undefined>(
      (best, each) => (best === undefined || each.head.value.time < best.head.value.time ? each : best),
      undefined,
    )
    if (first === undefined) return
    const entry: LogEntry = first.head.value
    first.head = await first.iterator.next()
    if (Date.parse(entry.time) <= untilMs) yield entry
  }
}
