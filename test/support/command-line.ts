// Runs the command line in this process, with the streams, the environment and the clock of the test.
import { tmpdir } from 'node:os'
import type { Clock } from '../../src/base/clock.ts'
import { systemClock } from '../../src/base/clock.ts'
import { runUpkeep } from '../../src/cli/run-upkeep.ts'
import type { Stream } from '../../src/cli/terminal/output.ts'
import { Output } from '../../src/cli/terminal/output.ts'

export interface Surroundings {
  /** Without one there is no daemon. */
  readonly home?: string
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** The width of the terminal; without it there is none. */
  readonly columns?: number
  readonly clock?: Clock
  readonly signal?: AbortSignal
}

export interface CommandResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A stream that keeps what is written. */
export class Paper implements Stream {
  readonly isTTY: boolean
  readonly columns: number | undefined
  text = ''

  constructor(columns?: number) {
    this.isTTY = columns !== undefined
    this.columns = columns
  }

  write(text: string): boolean {
    this.text += text
    return true
  }
}

export async function upkeepHere(around: Surroundings, ...words: readonly string[]): Promise<CommandResult> {
  const { home, cwd = tmpdir(), env = {}, columns, clock = systemClock } = around
  const [stdout, stderr] = [new Paper(columns), new Paper(columns)]
  const status = await runUpkeep(words, {
    out: new Output(stdout, stderr, env),
    env: { UPKEEP_HOME: home ?? '/nowhere/at/all', ...env },
    cwd,
    platform: 'linux',
    clock,
    signalFor: () => around.signal ?? new AbortController().signal,
  })
  return { status, stdout: stdout.text, stderr: stderr.text }
}
