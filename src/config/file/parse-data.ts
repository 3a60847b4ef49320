import { Failure } from '../../base/failure.ts'

export function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // Its message may quote the text around the place, which may be a secret.
    const place = lineAndColumn(text, failingPosition(text, error))
    throw notParsed(file, 'JSON', `${file}:${place}: JSON cannot be read from here on`)
  }
}

function failingPosition(text: string, error: unknown): number {
  const message = error instanceof Error ? error.message : ''
  const position = /at position (\d+)/.exec(message)?.[1]
  if (position !== undefined) return Number(position)
  if (!isUnexpectedToken(error)) return text.length
  // This message comes without a position; the shortest beginning that has the same error ends there.
  let [good, bad] = [0, text.length]
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (isUnexpectedToken(tryJson(text.slice(0, middle)))) bad = middle
    else good = middle
  }
  return good
}

function isUnexpectedToken(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Unexpected token')
}

function tryJson(text: string): unknown {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return error
  }
}

export async function parseYaml(file: string, text: string): Promise<unknown> {
  const { LineCounter, parseDocument } = await import('yaml')
  const lineCounter = new LineCounter()
  try {
    const document = parseDocument(text, { lineCounter, prettyErrors: false })
    // Later errors mostly follow from the first.
    const [first] = document.errors
    if (first === undefined) return document.toJS()
    const { line, col } = lineCounter.linePos(first.pos[0])
    throw notParsed(file, 'YAML', `${file}:${line}:${col}: ${withoutQuote(first)}`)
  } catch (error) {
    if (error instanceof Failure) throw error
    // Too deep for the stack, or aliases that would blow up.
    throw notParsed(
      file,
      'YAML',
      `${file}: ${error instanceof Error ? withoutQuote(error) : 'it is too much'}`,
    )
  }
}

/** What the message quotes of the file at its end may be a secret. */
function withoutQuote({ message }: Error): string {
  return message.replace(/(?<=\S): .*$/s, '')
}

function lineAndColumn(text: string, position: number): string {
  const before = text.slice(0, position).split('\n')
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
}

function notParsed(file: string, format: string, ...details: readonly string[]): Failure {
  return new Failure('CONFIG_UNREADABLE', `Cannot read config ${file}: it is not valid ${format}`, {
    details,
  })
}
