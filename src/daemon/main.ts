// The daemon as a program of its own, which commands spawn: without the CLI it needs 2 MB less. `upkeep daemon run` is the
// same for people and init systems.
import process from 'node:process'
import { FAILURE_EXIT_STATUS, Failure } from '../base/failure.ts'
import { runDaemon } from './run-daemon.ts'

const [home = ''] = process.argv.slice(2)
try {
  await runDaemon({ home })
} catch (error) {
  if (!(error instanceof Failure)) throw error
  // One line, which the command that waits for the daemon reads back.
  process.stderr.write(`${JSON.stringify({ error: error.toJSON() })}\n`)
  process.exitCode = FAILURE_EXIT_STATUS[error.code]
}
