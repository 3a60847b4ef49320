// The daemon as a program of its own, which commands, keepers and other daemons spawn: without the CLI it needs 2 MB less.
// `upkeep daemon run` is the same for people and init systems.
import process from 'node:process'
import { parseArgs } from 'node:util'
import { FAILURE_EXIT_STATUS, Failure } from '../base/failure.ts'
import { runDaemon } from './run-daemon.ts'
import { runInBackground, tellKeeper } from './run-in-background.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    revived: { type: 'string' },
    needed: { type: 'string', default: '' },
    'take-over': { type: 'boolean', default: false },
  },
})
const [home = ''] = positionals
const revived =
  values.revived === undefined ? undefined : { pauseSeconds: Number(values.revived), needed: values.needed }

try {
  // An init system starts what ends by itself.
  if (hasInitSystem()) await runDaemon({ home })
  else await runInBackground({ home, revived, takesOver: values['take-over'] })
} catch (error) {
  if (!(error instanceof Failure)) throw error
  // One line, which the command that waits for the daemon reads back.
  process.stderr.write(`${JSON.stringify({ error: error.toJSON() })}\n`)
  process.exitCode = FAILURE_EXIT_STATUS[error.code]
  if (revived !== undefined && error.code === 'DAEMON_ALREADY_RUNNING') tellKeeper('taken')
}

function hasInitSystem(): boolean {
  return process.env.NOTIFY_SOCKET !== undefined || process.env.INVOCATION_ID !== undefined
}
