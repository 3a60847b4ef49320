// Log files back into lines: the last ones, or those since a time, of all instances and both streams of an app in the
// order of time. However large the files are, only one block of each is in memory: first every series is asked
// where its last lines begin, then all are read forward from there and merged.

import { join } from 'node:path'

import type { LogEntry, LogQuery } from '../../protocol/control.ts'
import type { AppLogs } from './app-logs.ts'
import { type LogPart, type LogSeries, listSeries } from './read/log-series.ts'
import { merged } from './read/merge.ts'
import type { LineStart } from './read/part-file.ts'
import { PartReader } from './read/part-reader.ts'

export interface ReadLogsOptions {
  /** The folder of all logs. */
  readonly directory: string
  readonly app: string
  /** `targets` is not looked at. With `follow`, an unfinished last line is left to the feed if that will bring it. */
  readonly query: LogQuery
  /** Who writes them now; undefined for an app that was deleted. */
  readonly logs?: Pick<AppLogs, 'isInLine'> | undefined
}

const DEFAULT_LINES = 15

/**
 * The lines that are in the files at the moment of the call. Who calls `LogFeed.subscribe` in the same turn of the event
 * loop gets everything after them there: no line is missing and none comes twice.
 */
export function readLogs(options: ReadLogsOptions): AsyncGenerator<LogEntry, void, undefined> {
  const { directory, app, query, logs } = options
  const series = listSeries(join(directory, app), query).map((one) => ({
    ...one,
    isLeftToFeed: query.follow === true && logs?.isInLine(one.instance, one.stream) === true,
  }))
  return entriesOf(app, query, series)
}

interface ReadSeries extends LogSeries {
  /** The last line, which is unfinished. */
  readonly isLeftToFeed: boolean
}

async function* entriesOf(
  app: string,
  query: LogQuery,
  allSeries: readonly ReadSeries[],
): AsyncGenerator<LogEntry, void, undefined> {
  const wanted = query.lines ?? (query.sinceMs === undefined ? DEFAULT_LINES : Number.POSITIVE_INFINITY)
  const plans = await Promise.all(allSeries.map((series) => planOf(series, wanted, query)))
  const total = plans.reduce((sum, plan) => sum + plan.lines, 0)
  let skip = Number.isFinite(wanted) ? Math.max(0, total - wanted) : 0
  for await (const entries of merged(plans.map((plan) => read(plan, app)))) {
    yield* skip >= entries.length ? [] : entries.slice(skip)
    skip = Math.max(0, skip - entries.length)
  }
}

interface Plan {
  readonly series: ReadSeries
  /** The oldest first. */
  readonly steps: readonly { readonly part: LogPart; readonly start: LineStart }[]
  readonly lines: number
}

/** Goes back through the files of a series until there are enough lines. */
async function planOf(series: ReadSeries, wanted: number, query: LogQuery): Promise<Plan> {
  const steps: Plan['steps'][number][] = []
  let lines = 0
  for (const part of series.parts.toReversed()) {
    if (lines >= wanted) break
    const start = await startIn(await PartReader.tryOpen(part, series), wanted - lines, query.sinceMs)
    if (start === undefined) continue
    if (start === 'older') break
    steps.unshift({ part, start })
    lines += start.lines
  }
  return { series, steps, lines }
}

async function startIn(
  reader: PartReader | undefined,
  wanted: number,
  sinceMs: number | undefined,
): Promise<LineStart | 'older' | undefined> {
  if (reader === undefined) return undefined
  try {
    const floor = sinceMs === undefined ? 0 : await reader.startSince(sinceMs)
    if (floor === undefined) return 'older'
    // Counting is only needed where a number of lines was asked for.
    if (!Number.isFinite(wanted)) return { offset: floor, skipLines: 0, lines: 0 }
    return await reader.lastLines(wanted, floor)
  } finally {
    await reader.close()
  }
}

async function* read({ series, steps }: Plan, app: string): AsyncGenerator<LogEntry[]> {
  const { instance, stream, parts, isLeftToFeed } = series
  for (const { part, start } of steps) {
    const reader = await PartReader.tryOpen(part, series)
    if (reader === undefined) continue
    try {
      const wholeLines = isLeftToFeed && part === parts.at(-1)
      yield* reader.entries(start, { app, instance, stream }, wholeLines)
    } finally {
      await reader.close()
    }
  }
}
