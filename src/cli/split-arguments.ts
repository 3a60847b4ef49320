export interface SplitArguments {
  /** The command; undefined when there is none. */
  readonly name: string | undefined
  /** Everything else before `--`. */
  readonly options: readonly string[]
  /** What stands after `--`: the app's own arguments. */
  readonly rest: readonly string[]
}

/** Finds the command among the words; global options may stand before it. */
export function splitArguments(words: readonly string[]): SplitArguments {
  const end = words.indexOf('--')
  const before = end === -1 ? words : words.slice(0, end)
  const rest = end === -1 ? [] : words.slice(end + 1)
  let index = 0
  while (index < before.length && before[index]?.startsWith('-') === true)
    index += before[index] === '--home' ? 2 : 1
  const name = before[index]
  const options = before.filter((_word, position) => position !== index || name === undefined)
  const isVersion = name === undefined && options.some((word) => word === '-V' || word === '--version')
  return { name: isVersion ? 'help' : name, options, rest }
}
