#!/usr/bin/env node
// The way in: finds the command, loads it alone, gives it its context, and tells how it ended.
import module from 'node:module'
import process from 'node:process'
import { systemClock } from '../base/clock.ts'
import { Failure } from '../base/failure.ts'
import { resolveHome } from '../client/home.ts'
import { UpkeepClient } from '../client/upkeep-client.ts'
import type { Command, Context } from './command.ts'
import { findCommand } from './command-list.ts'
import { interruptible } from './interrupt.ts'
import type { Parsed } from './parse-options.ts'
import { printFailure } from './print-failure.ts'
import { splitArguments } from './split-arguments.ts'
import { Output } from './terminal/output.ts'

const compileCache: unknown = Reflect.get(module, 'enableCompileCache')
if (typeof compileCache === 'function') compileCache.call(module)

const { env, argv, stdout, stderr } = process
const out = new Output(stdout, stderr, env)
// A reader that has seen enough, such as `head`, is no error.
stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 74))
stderr.on('error', () => {})
process.exitCode = await main(argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  try {
    if (process.platform === 'win32') throw notOnWindows()
    return await dispatch(words)
  } catch (error) {
    if (error instanceof Failure) {
      if (words.includes('--json')) out.print(JSON.stringify({ error }))
      printFailure(out, error)
      return error.exitStatus
    }
    out.say(`upkeep: there is a bug: ${error instanceof Error ? error.stack : String(error)}`)
    return 70
  }
}

async function dispatch(words: readonly string[]): Promise<number> {
  const { name, options, rest } = splitArguments(words)
  const entry = findCommand(name)
  const command = await entry.load()
  const { parseOptions } = await import('./parse-options.ts')
  const parsed = parseOptions(entry, command, { options, rest }, out)
  if (parsed === 'helped') return 0
  return await runCommand(command, parsed)
}

async function runCommand(command: Command, { args, options, rest }: Parsed): Promise<number> {
  const home = resolveHome(typeof options.home === 'string' ? options.home : undefined, env)
  const context: Context = {
    args,
    rest,
    options,
    out,
    client: new UpkeepClient({ home }),
    home,
    cwd: process.cwd(),
    env,
    signal: interruptible(command),
    clock: systemClock,
  }
  return (await command.run(context)) ?? 0
}

function notOnWindows(): Failure {
  return new Failure('PLATFORM_UNSUPPORTED', 'Cannot run on Windows: Upkeep needs Linux or macOS', {
    hint: 'Use it in WSL 2 or in a container',
  })
}
