import { pathToFileURL } from 'node:url'
import { findSyntaxError } from '../syntax-error.ts'

/** Where in the file it happened, and what. */
export async function describeThrown(file: string, error: unknown): Promise<string[]> {
  if (!(error instanceof Error)) return [`${file}: it throws a value that is not an Error`]
  const place = placeIn(file, `${error.message}\n${error.stack ?? ''}`)
  if (place === '' && error instanceof SyntaxError && /\.[cm]?js$/.test(file)) {
    // An import that fails this way does not say where.
    const problem = await findSyntaxError(process.execPath, file)
    if (problem !== undefined) return [`${file}:${problem.line}: ${problem.message}`, ...problem.code]
  }
  return [`${file}${place}: ${error.name}: ${messageOf(error)}`]
}

function placeIn(file: string, trace: string): string {
  for (const location of [pathToFileURL(file).href, file]) {
    const place = new RegExp(`${escaped(location)}(?:\\?[\\w=&.%-]*)?(:\\d+(?::\\d+)?)`).exec(trace)?.[1]
    if (place !== undefined) return place
  }
  return ''
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** One line. esbuild, which tsx uses, hides its reason behind a heading. */
function messageOf(error: Error): string {
  const lines = error.message.split('\n').filter((line) => line.trim() !== '')
  const reason = lines.find((line) => line.includes(': ERROR: '))
  return reason?.replace(/^.*?: ERROR: /, '') ?? lines[0]?.trim() ?? ''
}
