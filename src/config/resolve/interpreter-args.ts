import { Failure } from '../../base/failure.ts'
import { show } from '../schema/show.ts'
import type { Command } from './command.ts'
import type { LaunchRequest } from './launch.ts'

/** Adds `interpreterArgs` to a command that named its program itself; refuses what it has no use for. */
export function withInterpreterArgs(request: LaunchRequest, command: Command): Command {
  const { interpreter, interpreterArgs } = request
  if (interpreter === undefined && interpreterArgs.length === 0) return command
  if (command.isNode && interpreter === undefined) {
    return { ...command, args: [...interpreterArgs, ...command.args] }
  }
  const key = interpreter === undefined ? 'interpreterArgs' : 'interpreter'
  const message = `Cannot use ${key} for app ${show(request.app)}: ${show(request.script)} is a program itself`
  throw new Failure('CONFIG_INVALID', message, { hint: `Remove ${key}, or name a file as the script` })
}
