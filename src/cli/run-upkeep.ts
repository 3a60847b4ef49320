// From words to an exit status: finds the command, loads it alone, gives it its context, and tells how it failed.
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/failure.ts'
import { resolveHome } from '../client/home.ts'
import { UpkeepClient } from '../client/upkeep-client.ts'
import type { Command } from './command.ts'
import { findCommand } from './command-list.ts'
import { printFailure } from './print-failure.ts'
import { splitArguments } from './split-arguments.ts'
import type { Output } from './terminal/output.ts'

export interface World {
  readonly out: Output
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly platform: NodeJS.Platform
  readonly clock: Clock
  /** What ends the command's waiting. */
  signalFor(command: Command): AbortSignal
}

export async function runUpkeep(words: readonly string[], world: World): Promise<number> {
  const { out, platform } = world
  try {
    if (platform === 'win32') throw notOnWindows()
    return await dispatch(words, world)
  } catch (error) {
    if (!(error instanceof Failure)) {
      out.say(`upkeep: there is a bug: ${error instanceof Error ? error.stack : String(error)}`)
      return BUG_STATUS
    }
    if (wantsJson(words)) out.print(JSON.stringify({ error }))
    printFailure(out, error)
    return error.exitStatus
  }
}

/** EX_SOFTWARE */
const BUG_STATUS = 70

async function dispatch(words: readonly string[], world: World): Promise<number> {
  const { out, env, cwd, clock } = world
  const { name, options: optionWords, rest: appWords } = splitArguments(words)
  const entry = findCommand(name)
  const command = await entry.load()
  const { parseOptions } = await import('./parse-options.ts')
  const parsed = parseOptions(entry, command, { options: optionWords, rest: appWords }, out)
  if (parsed === 'helped') return 0
  const { home: givenHome } = parsed.options
  const home = resolveHome(typeof givenHome === 'string' ? givenHome : undefined, env)
  const client = new UpkeepClient({ home })
  const signal = world.signalFor(command)
  return (await command.run({ ...parsed, out, client, home, cwd, env, clock, signal })) ?? 0
}

function wantsJson(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return (end === -1 ? words : words.slice(0, end)).includes('--json')
}

function notOnWindows(): Failure {
  return new Failure('PLATFORM_UNSUPPORTED', 'Cannot run on Windows: Upkeep needs Linux or macOS', {
    hint: 'Use it in WSL 2 or in a container',
  })
}
