import { tryParseDuration } from '../../base/duration.ts'
import { Failure } from '../../base/failure.ts'
import type { LogEntry, LogQuery } from '../../protocol/control.ts'
import type { Command, Context } from '../command.ts'
import { hasOption, textOption } from '../command.ts'
import { wholeNumber } from '../option-value.ts'
import { streamEnded } from '../stream-ended.ts'
import { cleanLogLine } from '../terminal/clean-text.ts'

export const logs: Command = {
  name: 'logs',
  summary: 'print the last log lines of apps; -f goes on with new ones',
  usage: '[app...]',
  options: [
    { flags: '-f, --follow', help: 'go on with new lines' },
    { flags: '-n, --lines <count>', help: 'lines per app from the end (15)' },
    { flags: '--since <time>', help: 'only lines since then: 10m, 2h, or an ISO time' },
    { flags: '--stdout', help: 'only what was written to stdout' },
    { flags: '--stderr', help: 'only what was written to stderr' },
    { flags: '--instance <number>', help: 'only this instance' },
    { flags: '-t, --time', help: 'show when each line came' },
    { flags: '--raw', help: 'only the lines, without app and instance' },
    { flags: '--json', help: 'print a JSON object per line' },
  ],
  examples: ['upkeep logs', 'upkeep logs web -f', 'upkeep logs web --since 10m --stderr'],
  arguments: [0, Number.POSITIVE_INFINITY],
  async run(context) {
    const { client, out, signal } = context
    const print = hasOption(context, 'json')
      ? (entry: LogEntry) => out.print(JSON.stringify(entry))
      : (entry: LogEntry) => out.print(shownLine(entry, context))
    let isEmpty = true
    for await (const entry of client.logs(queryOf(context), { signal })) {
      isEmpty = false
      print(entry)
    }
    if (hasOption(context, 'follow')) throw streamEnded()
    if (isEmpty) out.say(nothingThere(context))
    return undefined
  },
}

function queryOf(context: Context): LogQuery {
  const { args, clock } = context
  const lines = textOption(context, 'lines')
  const instance = textOption(context, 'instance')
  const since = textOption(context, 'since')
  const [wantsOut, wantsError] = [hasOption(context, 'stdout'), hasOption(context, 'stderr')]
  return {
    ...(args.length === 0 ? {} : { targets: args }),
    ...(lines === undefined ? {} : { lines: wholeNumber('--lines', lines, 0, 1_000_000) }),
    ...(lines === undefined && since !== undefined ? { lines: 1_000_000 } : {}),
    ...(instance === undefined ? {} : { instance: wholeNumber('--instance', instance, 0, 100_000) }),
    ...(since === undefined ? {} : { sinceMs: parseSince(since, clock.nowMs()) }),
    ...(wantsOut === wantsError ? {} : { stream: wantsOut ? 'stdout' : 'stderr' }),
    follow: hasOption(context, 'follow'),
  }
}

function nothingThere({ args, options }: Context): string {
  const narrowing = ['lines', 'since', 'stdout', 'stderr', 'instance'].filter((name) => name in options)
  const where = args.length === 0 ? 'any app' : args.join(', ')
  const how = narrowing.map((name) => `--${name}`).join(' and ')
  return `There are no lines of ${where}${how === '' ? '' : ` with ${how}`}.`
}

export function parseSince(text: string, nowMs: number): number {
  const durationMs = tryParseDuration(text)
  if (durationMs !== undefined) return nowMs - durationMs
  // Date.parse alone takes a forgotten unit, "10", for a month of 2001.
  const time = /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(time)) return time
  throw new Failure(
    'USAGE',
    `Cannot read --since "${text.slice(0, 50)}": it is neither a duration nor a time`,
    {
      hint: 'Examples: 30s, 10m, 2h, 1d, 2026-01-31T12:00:00Z',
    },
  )
}

function shownLine(entry: LogEntry, context: Context): string {
  const { out } = context
  const line = out.isTty ? cleanLogLine(entry.line) : entry.line
  if (hasOption(context, 'raw')) return line
  const label = `${entry.app} ${entry.instance} |`
  const paint = entry.stream === 'stderr' ? out.color.red : out.color.cyan
  const time = hasOption(context, 'time') ? `${out.color.dim(entry.time)} ` : ''
  return `${time}${paint(label)} ${line}`
}
