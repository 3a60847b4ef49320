import { Failure } from '../base/failure.ts'

export interface SplitArguments {
  readonly name: string
  /** Everything else before `--`. */
  readonly options: readonly string[]
  /** What stands after `--`: the app's own arguments. */
  readonly rest: readonly string[]
}

const VERSION = ['-v', '-V', '--version']
const HELP = ['-h', '--help']

/** Finds the command among the words; global options may stand before it. Without one it is `help`. */
export function splitArguments(words: readonly string[]): SplitArguments {
  const end = words.indexOf('--')
  const before = end === -1 ? words : words.slice(0, end)
  const rest = end === -1 ? [] : words.slice(end + 1)
  let index = 0
  while (before[index]?.startsWith('-') === true) index += before[index] === '--home' ? 2 : 1
  const name = before[index]
  if (name === undefined) return { name: withoutCommand(before), options: [], rest }
  return { name, options: before.filter((_word, position) => position !== index), rest }
}

function withoutCommand(options: readonly string[]): string {
  if (options.some((word) => VERSION.includes(word))) return 'version'
  const [first] = options
  if (first === undefined || options.some((word) => HELP.includes(word))) return 'help'
  throw new Failure('USAGE', `Cannot run: ${first.slice(0, 50)} stands alone, without a command`, {
    hint: 'See "upkeep help"',
  })
}
