import { dirname, extname } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { show } from '../schema/show.ts'
import { type Command, commandOf, findCommand, findNode } from './command.ts'
import { expandHome } from './expand-home.ts'
import { isExecutable, isReadable } from './find-program.ts'
import { withInterpreterArgs } from './interpreter-args.ts'
import type { LaunchRequest } from './launch.ts'
import { typescriptArgs } from './typescript-loader.ts'

/** The first that is installed runs files with this ending. */
const INTERPRETERS: Readonly<Record<string, readonly string[]>> = {
  '.js': ['node'],
  '.mjs': ['node'],
  '.cjs': ['node'],
  '.ts': ['node'],
  '.mts': ['node'],
  '.cts': ['node'],
  '.py': ['python3'],
  '.sh': ['bash', 'sh'],
}

export function isScriptName(name: string): boolean {
  return Object.hasOwn(INTERPRETERS, extname(name))
}

/** How a file that is there is run. */
export async function runFile(request: LaunchRequest, file: string): Promise<Command> {
  const interpreter = findInterpreter(request, file)
  if (interpreter === undefined) return runDirectly(request, file)
  if (!isReadable(file)) throw unreadable(request, file, 'is not readable', undefined)
  const loader = /^\.[cm]?ts$/.test(extname(file)) && interpreter.isNode && interpreter.args.length === 0
  const loaderArgs = loader
    ? await typescriptArgs(interpreter.program, dirname(file), { PATH: request.path })
    : []
  return {
    ...interpreter,
    args: [...interpreter.args, ...request.interpreterArgs, ...loaderArgs, file],
  }
}

function findInterpreter(request: LaunchRequest, file: string): Command | undefined {
  const words = request.interpreter === undefined ? INTERPRETERS[extname(file)] : [request.interpreter]
  if (words === undefined) return undefined
  for (const word of words) {
    const command = findCommand(expandHome(word, request.home), request)
    if (command !== undefined) return command
  }
  // The node that runs this command is better than none.
  if (request.interpreter === undefined && words[0] === 'node') return nodeCommand(request)
  const interpreter = words[0] ?? ''
  const message = `Cannot start app ${show(request.app)}: its interpreter ${show(interpreter)} was not found`
  throw new Failure('INTERPRETER_NOT_FOUND', message, {
    hint: interpreter.includes('/') ? 'Is it there, and executable?' : 'Install it, or write its path',
  })
}

function nodeCommand(request: LaunchRequest): Command {
  return { program: findNode(request), args: [], isNode: true }
}

function runDirectly(request: LaunchRequest, file: string): Command {
  if (!isExecutable(file)) {
    throw unreadable(request, file, 'is not executable', 'Run "chmod +x" on it, or name an interpreter')
  }
  return withInterpreterArgs(request, commandOf(file, request))
}

function unreadable(request: LaunchRequest, file: string, what: string, hint: string | undefined): Failure {
  return new Failure('SCRIPT_UNREADABLE', `Cannot start app ${show(request.app)}: script ${file} ${what}`, {
    hint,
  })
}
