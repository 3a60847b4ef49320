import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import type { LogSpec } from '../../src/protocol/app-spec.ts'
import { AppLogs } from '../../src/supervisor/logs/app-logs.ts'
import type { LineSource } from '../../src/supervisor/logs/file/line-turns.ts'
import { LogFeed } from '../../src/supervisor/logs/log-feed.ts'
import { FifoStock } from '../../src/supervisor/logs/pipe/fifo-stock.ts'
import { Spooler } from '../../src/supervisor/logs/pipe/spooler.ts'

export const PLAIN: LogSpec = {
  format: 'plain',
  maxSizeBytes: 1e9,
  rotateEveryMs: null,
  keep: 1000,
  maxTotalBytes: 1e12,
  compress: false,
}

/** A pipe that only writes. */
export class IdleSource implements LineSource {
  readonly isAdopted: boolean
  readonly isKept = false

  constructor(isAdopted: boolean) {
    this.isAdopted = isAdopted
  }

  hold(): void {}

  release(): void {}

  intends(): void {}

  wrote(): void {}

  refused(): void {}
}

export interface LogsUnderTest {
  readonly logs: AppLogs
  readonly feed: LogFeed
  /** Of all logs; the app is `web`. */
  readonly directory: string
  readonly runDirectory: string
  readonly fifoStock: FifoStock
  readonly spooler: Spooler
  readonly problems: string[]
}

/** The logs of an app `web` in a folder of their own. */
export function logsOf(
  t: TestContext,
  spec: Partial<LogSpec> = {},
  {
    clock = systemClock,
    directory = temporaryFolder(t),
    perl,
  }: { clock?: Clock; directory?: string; perl?: string } = {},
): LogsUnderTest {
  const feed = new LogFeed()
  const problems: string[] = []
  const onProblem = (text: string) => problems.push(text)
  const runDirectory = join(directory, 'run')
  mkdirSync(runDirectory, { recursive: true, mode: 0o700 })
  const spooler = new Spooler({
    directory: runDirectory,
    clock: systemClock,
    onUnusable: onProblem,
    ...(perl === undefined ? {} : { perl }),
  })
  const logs = new AppLogs({
    app: 'web',
    directory,
    spec: { ...PLAIN, ...spec },
    clock,
    feed,
    spooler,
    onProblem,
  })
  const fifoStock = new FifoStock(runDirectory, clock)
  t.after(() => Promise.all([logs.close(), fifoStock.close(), spooler.close()]))
  return { logs, feed, directory, runDirectory, fifoStock, spooler, problems }
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'upkeep-logs-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Everything in the files of one series, the oldest first: `0.out`, `0.err`. */
export function allText(directory: string, series: string): string {
  return allBytes(directory, series).toString()
}

export function allBytes(directory: string, series: string): Buffer {
  const folder = join(directory, 'web')
  const rotated = namesIn(directory).filter(
    (name) => name.startsWith(`${series}.2`) && /\.log(\.gz)?$/.test(name),
  )
  const current = namesIn(directory).filter((name) => name === `${series}.log`)
  return Buffer.concat(
    [...rotated.sort(), ...current].map((name) => {
      const bytes = readFileSync(join(folder, name))
      return name.endsWith('.gz') ? gunzipSync(bytes) : bytes
    }),
  )
}

export function namesIn(directory: string): string[] {
  const folder = join(directory, 'web')
  return existsSync(folder) ? readdirSync(folder).sort() : []
}
