// Values are read as Node reads them. What it skips, joins or cuts without a word is refused: a password that is half
// there is found much later.
import { parseEnv } from 'node:util'
import { Failure } from '../../base/failure.ts'
import { readText } from '../file/read-text.ts'

/** The variables of a file of `NAME=value` lines. */
export async function readEnvFile(path: string): Promise<Readonly<Record<string, string>>> {
  const text = await readText(path, {
    what: 'env file',
    missing: 'CONFIG_NOT_FOUND',
    unreadable: 'CONFIG_UNREADABLE',
  })
  const problem = envProblem(text)
  // The line itself may be a secret.
  if (problem !== undefined)
    throw new Failure('CONFIG_UNREADABLE', `Cannot read env file ${path}: ${problem}`)
  return Object.fromEntries(
    Object.entries(parseEnv(text)).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

const IGNORED = /[ \t]*(?:#.*)?\r?(?:\n|$)/y
const NAME = /[ \t]*(?:export[ \t]+)?[^\s=#"'`]+[ \t]*=[ \t]*/y
const UNQUOTED = /(?!["'`]).*\r?(?:\n|$)/y
const QUOTED = /(["'`])(?:(?!\1)[\s\S])*\1[ \t]*(?:#.*)?\r?(?:\n|$)/y

/** What Node would read otherwise than it looks; undefined when there is nothing. */
export function envProblem(text: string): string | undefined {
  let at = 0
  while (at < text.length) {
    const start = endOf(IGNORED, text, at)
    if (start !== undefined) {
      at = start
      continue
    }
    const value = endOf(NAME, text, at)
    if (value === undefined) return `line ${lineAt(text, at)} is not NAME=value`
    const end = endOf(UNQUOTED, text, value) ?? endOf(QUOTED, text, value)
    if (end === undefined)
      return `the value that begins in line ${lineAt(text, at)} does not end with its quote`
    at = end
  }
  return undefined
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length
}

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : undefined
}
