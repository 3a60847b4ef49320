import { CommanderError, Command as Parser } from 'commander'
import { Failure } from '../base/failure.ts'
import { nearestName } from '../base/nearest-name.ts'
import type { Command } from './command.ts'
import type { CommandEntry } from './command-list.ts'
import { ourWordFor } from './other-words.ts'
import type { Output } from './terminal/output.ts'

export interface Parsed {
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly rest: readonly string[]
}

export interface Words {
  readonly options: readonly string[]
  readonly rest: readonly string[]
}

const MOST_HELP_COLUMNS = 100

export const HOME_OPTION = { flags: '--home <folder>', help: "the daemon's home ($UPKEEP_HOME, ~/.upkeep)" }

/** Reads a command's words; prints its help if that is what they ask for. */
export function parseOptions(
  entry: CommandEntry,
  command: Command,
  { options, rest }: Words,
  out: Output,
): Parsed | 'helped' {
  const parser = parserOf(command, out)
  parser.addHelpText('after', () => notesOf(entry, command))
  try {
    parser.parse(options, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return 'helped'
    throw usageFailure(command, error)
  }
  const [fewest, most] = command.arguments
  const { args } = parser
  if (args.length < fewest) throw usage(command, `it needs ${command.usage}`)
  if (args.length > most)
    throw usage(command, `it does not know what to do with "${args[most]?.slice(0, 50)}"`)
  const [stray] = rest
  if (stray !== undefined && command.takesRest !== true)
    throw usage(command, `it does not know what to do with "${stray.slice(0, 50)}" after "--"`)
  return { args, options: parser.opts(), rest }
}

function parserOf(command: Command, out: Output): Parser {
  const parser = new Parser(`upkeep ${command.name}`)
    .usage(usageOf(command))
    .description(command.summary)
    .allowExcessArguments()
    .argument('[words...]')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => out.write(text),
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(out.width, MOST_HELP_COLUMNS),
    })
    .configureHelp({ visibleArguments: () => [] })
  for (const { flags, help } of [...command.options, HOME_OPTION]) parser.option(flags, help)
  return parser
}

/** The words after the command's name. */
export function usageOf({ usage, takesRest }: Command): string {
  return `${usage} [options]${takesRest === true ? ' [-- args...]' : ''}`.trim()
}

function notesOf({ aliases }: CommandEntry, { examples = [] }: Command): string {
  const notes = aliases.length === 0 ? [] : ['', `Also: ${aliases.join(', ')}`]
  if (examples.length > 0) notes.push('', 'Examples:', ...examples.map((line) => `  ${line}`))
  return notes.join('\n')
}

function usageFailure(command: Command, error: CommanderError): Failure {
  // The option itself is only in the message.
  const option = /'(?<option>[^']*)'/.exec(error.message)?.groups?.option
  if (error.code !== 'commander.unknownOption' || option === undefined)
    return usage(command, error.message.replace(/^error: /, ''))
  const known = [...command.options, HOME_OPTION].flatMap(({ flags }) => flags.match(/--[\w-]+/g) ?? [])
  const near = nearestName(option, known)
  return new Failure(
    'USAGE',
    `Cannot run "upkeep ${command.name}": there is no option ${option.slice(0, 50)}`,
    {
      hint: ourWordFor('option', option) ?? (near === undefined ? hintFor(command) : `Did you mean ${near}?`),
    },
  )
}

function hintFor({ name, takesRest }: Command): string {
  const own = takesRest === true ? '; options for the app itself stand after "--"' : ''
  return `See "upkeep ${name} --help"${own}`
}

function usage(command: Command, reason: string): Failure {
  return new Failure('USAGE', `Cannot run "upkeep ${command.name}": ${reason}`, {
    hint: `See "upkeep ${command.name} --help"`,
  })
}
