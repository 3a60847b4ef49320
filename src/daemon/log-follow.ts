// The lines that are there, in time order over all apps, then those that come.
import type { LogEntry, LogQuery } from '../protocol/control.ts'
import type { LogFeed } from '../supervisor/logs/log-feed.ts'
import type { ReadLogsOptions } from '../supervisor/logs/log-reader.ts'
import { readLogs } from '../supervisor/logs/log-reader.ts'

export type FollowedApp = Omit<ReadLogsOptions, 'query'>

/** With `follow`, every line comes once: what is not in the files at the moment of the call comes from the feed. */
export function followLogs(
  apps: readonly FollowedApp[],
  feed: LogFeed,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<LogEntry> {
  // In one turn of the event loop: where the files end is where the feed begins.
  const past = apps.map((app) => readLogs({ ...app, query }))
  const { instance, stream } = query
  const filter = { apps: apps.map(({ app }) => app), instance, stream }
  return pastThenFresh(past, query.follow === true ? feed.subscribe(filter, signal) : undefined)
}

async function* pastThenFresh(
  past: readonly AsyncIterable<LogEntry>[],
  fresh: AsyncIterable<LogEntry> | undefined,
): AsyncGenerator<LogEntry> {
  yield* merged(past)
  if (fresh !== undefined) yield* fresh
}

async function* merged(sources: readonly AsyncIterable<LogEntry>[]): AsyncGenerator<LogEntry> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]())
  try {
    const heads = await Promise.all(
      iterators.map(async (iterator) => ({ iterator, head: await iterator.next() })),
    )
    for (;;) {
      const open = heads.filter(({ head }) => head.done !== true)
      const first = open.reduce<(typeof open)[number] | undefined>(
        (best, each) => (best === undefined || each.head.value.time < best.head.value.time ? each : best),
        undefined,
      )
      if (first === undefined) return
      yield first.head.value
      first.head = await first.iterator.next()
    }
  } finally {
    // A reader that leaves in the middle: each source has files open.
    await Promise.all(iterators.map((iterator) => iterator.return?.()))
  }
}
