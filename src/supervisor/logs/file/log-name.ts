// The names in an app's log folder:
//   0.out.log                                 what instance 0 writes to stdout now
//   0.out.20261121T082600.123Z.log            rotated at that time (.log.gz when compressed)
//   0.out.log.times                           the time index beside a file (of the same name, never compressed)

import type { LogStream } from '../../../protocol/control.ts'

export interface LogName {
  readonly instance: number
  readonly stream: LogStream
  /** When it was rotated, as in the name; null for the file that is written now. Sorts by age. */
  readonly rotatedAt: string | null
  readonly kind: 'plain' | 'gzip' | 'times' | 'unfinished'
}

const PATTERN = /^(\d+)\.(out|err)(?:\.(\d{8}T\d{6}\.\d{3}Z))?\.log(\.gz|\.times|\.gz\.tmp)?$/

export const TIMES_SUFFIX = '.times'

export function currentLogName(instance: number, stream: LogStream): string {
  return `${instance}.${stream === 'stdout' ? 'out' : 'err'}.log`
}

export function rotatedLogName(name: string, atMs: number): string {
  const stamp = new Date(atMs).toISOString().replaceAll('-', '').replaceAll(':', '')
  return name.replace(/log$/, `${stamp}.log`)
}

/** The time in the name of a rotated file; 0 for the file that is written now. */
export function rotationMs(rotatedAt: string | null): number {
  const [, day, hour, minute, rest] = /^(\d{8})T(\d\d)(\d\d)(.*)$/.exec(rotatedAt ?? '') ?? []
  if (day === undefined) return 0
  const date = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`
  return Date.parse(`${date}T${hour}:${minute}:${rest}`) || 0
}

export function tryParseLogName(name: string): LogName | undefined {
  const match = PATTERN.exec(name)
  if (match === null) return undefined
  return {
    instance: Number(match[1]),
    stream: match[2] === 'out' ? 'stdout' : 'stderr',
    rotatedAt: match[3] ?? null,
    kind: kindOf(match[4]),
  }
}

/** The index that belongs to a file, compressed or not. */
export function timesPathOf(path: string): string {
  return `${path.replace(/\.gz$/, '')}${TIMES_SUFFIX}`
}

function kindOf(suffix: string | undefined): LogName['kind'] {
  if (suffix === undefined) return 'plain'
  if (suffix === '.gz') return 'gzip'
  return suffix === TIMES_SUFFIX ? 'times' : 'unfinished'
}
