import { execFile } from 'node:child_process'

/** Starting a service may wait for another one to stop. */
const DEADLINE_MS = 6 * 60_000
const MOST_OUTPUT_BYTES = 1024 * 1024
const SHOWN_LINES = 10

export interface Ran {
  readonly isSuccess: boolean
  /** Its last lines. */
  readonly output: readonly string[]
}

/** Runs a program to its end. Never rejects. */
export function runProgram([program = '', ...args]: readonly string[]): Promise<Ran> {
  const options = { timeout: DEADLINE_MS, killSignal: 'SIGKILL', maxBuffer: MOST_OUTPUT_BYTES } as const
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '')
      const output = lines.length === 0 && error !== null ? [error.message] : lines.slice(-SHOWN_LINES)
      resolve({ isSuccess: error === null, output })
    })
  })
}
