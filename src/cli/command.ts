import type { Clock } from '../base/clock.ts'
import type { UpkeepClient } from '../client/upkeep-client.ts'
import type { Output } from './terminal/output.ts'

export interface OptionSpec {
  /** As commander reads it: `-n, --lines <count>`. */
  readonly flags: string
  readonly help: string
}

/** What a command sees of the world. */
export interface Context {
  readonly args: readonly string[]
  /** What stood after `--`. */
  readonly rest: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly out: Output
  readonly client: UpkeepClient
  readonly home: string
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Aborted by the first Ctrl-C of a command that only stops waiting. */
  readonly signal: AbortSignal
  readonly clock: Clock
}

export interface Command {
  readonly name: string
  readonly summary: string
  /** The arguments, as help shows them: `<app...>`. */
  readonly usage: string
  readonly options: readonly OptionSpec[]
  readonly examples?: readonly string[]
  /** Fewest and most arguments. */
  readonly arguments: readonly [number, number]
  /** What stands after `--` belongs to the app. */
  readonly takesRest?: boolean
  /** Ctrl-C does not end the command at once: it stops waiting for the daemon. */
  readonly onInterrupt?: 'stop-waiting'
  /** Returns the exit status; nothing means 0. */
  run(context: Context): Promise<number | undefined>
}

export const JSON_OPTION: OptionSpec = { flags: '--json', help: 'print JSON' }

export function textOption(context: Context, name: string): string | undefined {
  const value = context.options[name]
  return typeof value === 'string' ? value : undefined
}

export function hasOption(context: Context, name: string): boolean {
  return context.options[name] === true
}
