import { execFile } from 'node:child_process'

const DEADLINE_MS = 10_000
const MAX_OUTPUT_BYTES = 1024 * 1024

export interface Answer {
  readonly isSuccess: boolean
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program that only says something, such as `node --version`. Never rejects. */
export function askProgram(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Answer> {
  return new Promise((resolve) => {
    const options = {
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_OUTPUT_BYTES,
      env,
    } as const
    execFile(program, args, options, (error, stdout, stderr) => {
      resolve({ isSuccess: error === null, stdout, stderr })
    })
  })
}
