import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

import { isSystemError } from '../../../base/failure.ts'
import type { LogQuery, LogStream } from '../../../protocol/control.ts'
import { tryParseLogName } from '../file/log-name.ts'

/** One file of a series as it was when it was listed. */
export interface LogPart {
  /** Without `.gz`: it may be compressed between now and when it is read. */
  readonly path: string
  /** What is read of it; null for all, when it is compressed. */
  readonly endBytes: number | null
  readonly modifiedAtMs: number
  readonly inode: number
}

/** Everything one instance wrote to one stream, the oldest file first. */
export interface LogSeries {
  readonly instance: number
  readonly stream: LogStream
  readonly parts: readonly LogPart[]
}

/** What is there now. Synchronous, so that a follower who subscribes in the same turn misses nothing. */
export function listSeries(directory: string, query: LogQuery): LogSeries[] {
  const series = new Map<string, LogSeries & { readonly parts: LogPart[] }>()
  for (const name of namesByAge(directory)) {
    const parsed = tryParseLogName(name)
    if (parsed === undefined || (parsed.kind !== 'plain' && parsed.kind !== 'gzip')) continue
    const { instance, stream, kind } = parsed
    if (query.instance !== undefined && query.instance !== instance) continue
    if (query.stream !== undefined && query.stream !== stream) continue
    const part = tryPart(join(directory, name), kind === 'gzip')
    const key = `${instance}.${stream}`
    const one = series.get(key) ?? { instance, stream, parts: [] }
    // Both forms exist for a moment while one replaces the other.
    if (part !== undefined && one.parts.at(-1)?.path !== part.path) one.parts.push(part)
    series.set(key, one)
  }
  return [...series.values()]
}

/** Where a part is now: the file that was written when it was listed may have been rotated since. */
export function pathNow(part: LogPart, { parts }: LogSeries): string {
  const isCurrent = tryParseLogName(basename(part.path))?.rotatedAt === null
  if (!isCurrent || statSync(part.path, { throwIfNoEntry: false })?.ino === part.inode) return part.path
  const known = new Set(parts.map(({ path }) => path))
  const prefix = basename(part.path).replace(/log$/, '')
  const directory = dirname(part.path)
  const rotated = namesByAge(directory)
    .filter((name) => name.startsWith(prefix) && tryParseLogName(name)?.rotatedAt)
    .map((name) => join(directory, name.replace(/(\.gz|\.times|\.gz\.tmp)$/, '')))
  return rotated.find((path) => !known.has(path)) ?? part.path
}

function namesByAge(directory: string): string[] {
  try {
    const age = (name: string) => `${tryParseLogName(name)?.rotatedAt ?? '~'}${name}`
    return readdirSync(directory).sort((a, b) => (age(a) < age(b) ? -1 : 1))
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}

function tryPart(path: string, isCompressed: boolean): LogPart | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return undefined
  return {
    path: path.replace(/\.gz$/, ''),
    endBytes: isCompressed ? null : found.size,
    modifiedAtMs: found.mtimeMs,
    inode: found.ino,
  }
}
