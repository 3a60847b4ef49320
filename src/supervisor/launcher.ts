// The command line that becomes a worker. A shell sets the limits that Node cannot, takes away the variables through
// which Node would claim the channel for the app's own `process.on('message')`, and execs the program: same pid, and
// `ps` shows the program. The script is constant; everything variable is an argument.
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AppSpec } from '../protocol/app-spec.ts'

const SCRIPT = `unset NODE_CHANNEL_FD NODE_CHANNEL_SERIALIZATION_MODE
while [ "$1" != -- ]; do
  # Shells that are not bash have the number of processes under another letter.
  if [ "$1" = -u ] && [ -z "$BASH_VERSION" ]; then ulimit -p "$2" || exit 71
  else ulimit "$1" "$2" || exit 71
  fi
  shift 2
done
shift
exec "$@"`

/** The letter of each limit in ulimit(1p). */
const ULIMIT_FLAGS: Readonly<Record<string, string>> = {
  as: '-v',
  core: '-c',
  cpu: '-t',
  data: '-d',
  fsize: '-f',
  memlock: '-l',
  nofile: '-n',
  nproc: '-u',
  rss: '-m',
  stack: '-s',
}

export const AGENT_PATH = join(dirname(fileURLToPath(import.meta.url)), '..', 'preload', 'agent', 'main.js')

export interface Launch {
  readonly program: string
  readonly args: readonly string[]
}

export function launchOf(spec: AppSpec): Launch {
  const limits = Object.entries(spec.ulimits).flatMap(([name, value]) => {
    const flag = ULIMIT_FLAGS[name]
    return flag === undefined ? [] : [flag, String(value)]
  })
  const program = [spec.program, ...spec.programArgs, ...spec.args]
  return { program: '/bin/sh', args: ['-c', SCRIPT, 'upkeep', ...limits, '--', ...program] }
}

/** NODE_OPTIONS that preloads the agent in front of what the user asked for. */
export function withAgent(nodeOptions: string | undefined): string {
  const preload = `--require="${AGENT_PATH.replaceAll(/["\\]/g, '\\$&')}"`
  return nodeOptions === undefined || nodeOptions === '' ? preload : `${preload} ${nodeOptions}`
}
