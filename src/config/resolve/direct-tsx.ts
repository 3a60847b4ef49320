import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from './command.ts'

const CLI = '/tsx/dist/cli.mjs'

/**
 * The tsx command runs the app in a second process, which has no agent: its sockets would be its own, and a reload would
 * find the port taken. The same loader works in one process. What only the command knows, such as `tsx watch`, stays.
 */
export function directTsx(command: Command, appArgs: readonly string[]): Command {
  const at = command.args.findIndex((arg) => arg.endsWith(CLI))
  const cli = command.args[at]
  const next = command.args[at + 1] ?? appArgs[0]
  if (!command.isNode || cli === undefined || next === undefined || next.startsWith('-') || next === 'watch')
    return command
  const loader = pathToFileURL(join(dirname(cli), 'loader.mjs')).href
  return { ...command, args: command.args.toSpliced(at, 1, '--import', loader) }
}
