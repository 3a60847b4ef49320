// The file format `json`: one JSON object per line. A line that is an object already (pino, winston, bunyan) is kept as
// the text it is, and what it does not say itself (time, app, instance, stream, the level as a word) is put in front.
// So no field is lost or changed, not even a number too large for JavaScript, and the original can be had back.

import type { LogStream } from '../../protocol/control.ts'

export interface LineOrigin {
  readonly time: string
  readonly app: string
  readonly instance: number
  readonly stream: LogStream
}

const LEVEL_NAMES: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}

const PREFIX =
  /^\{(?:"time":"[^"]*",?)?(?:"app":"(?:[^"\\]|\\.)*",?)?(?:"instance":\d+,?)?(?:"stream":"std(?:out|err)",?)?(?:"levelName":"[a-z]+",?)?/

/** Makes lines of a JSON log file, without newline, of lines that came from there together. */
export function jsonLineRenderer(origin: LineOrigin): (line: string) => string {
  const added = Object.entries(origin).map(
    ([key, value]) => [key, `${JSON.stringify(key)}:${JSON.stringify(value)},`] as const,
  )
  const all = added.map(([, text]) => text).join('')
  return (line) => {
    const fields = tryParseObject(line)
    if (fields === undefined) return `{${all}"message":${JSON.stringify(line)}}`
    const missing = added.map(([key, text]) => (Object.hasOwn(fields, key) ? '' : text)).join('')
    const rest = line.trim().slice(1).trimStart()
    const start = `{${missing}${levelOf(fields)}`
    return rest === '}' ? `${start.replace(/,$/, '')}}` : start + rest
  }
}

function levelOf(fields: Readonly<Record<string, unknown>>): string {
  const name = typeof fields.level === 'number' ? LEVEL_NAMES[fields.level] : undefined
  return name === undefined || Object.hasOwn(fields, 'levelName') ? '' : `"levelName":"${name}",`
}

/** What the app wrote and when, from a line of a JSON log file; undefined when it is not one of ours. */
export function tryParseJsonLine(
  text: string,
): { readonly line: string; readonly time: string | undefined } | undefined {
  const prefix = PREFIX.exec(text)?.[0] ?? ''
  if (!prefix.includes('"app":') && !prefix.includes('"instance":') && !prefix.includes('"stream":'))
    return undefined
  const fields = tryParseObject(text)
  if (fields === undefined) return undefined
  const rest = `{${text.slice(prefix.length)}`
  const message = /^\{"message":/.test(rest) ? onlyMessage(rest) : undefined
  return { line: message ?? rest, time: timeOf(fields.time) }
}

function onlyMessage(text: string): string | undefined {
  const fields = tryParseObject(text)
  if (fields === undefined || Object.keys(fields).length !== 1) return undefined
  return typeof fields.message === 'string' ? fields.message : undefined
}

function tryParseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function timeOf(value: unknown): string | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const date = new Date(value)
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}
