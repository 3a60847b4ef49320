// The folder in which a daemon keeps everything: $UPKEEP_HOME. Nobody else may write there, because what is in it is run.
import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, rmdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Failure, isSystemError } from '../base/failure.ts'
import { disownFolder } from './outside/folder-owner.ts'

/** Longest path of a unix socket (unix(7)), less the end of ours. */
const LONGEST_HOME = 108 - '/upkeep.sock'.length - 1

export interface Home {
  readonly directory: string
  readonly lockFile: string
  readonly controlSocket: string
  readonly agentSocketPath: string
  /** Where the agents of workers that run as other users connect; only a daemon of root has such. */
  readonly publicAgentSocketPath: string
  readonly stateFile: string
  readonly daemonLog: string
  readonly eventFile: string
  /** There while the last keeper could not bring a daemon back. */
  readonly keeperGaveUp: string
  readonly runDirectory: string
  readonly logDirectory: string
}

export function homeIn(directory: string): Home {
  return {
    directory,
    lockFile: join(directory, 'lock'),
    controlSocket: join(directory, 'upkeep.sock'),
    agentSocketPath: join(directory, 'agent.sock'),
    publicAgentSocketPath: publicSocketPath(directory),
    stateFile: join(directory, 'state.json'),
    daemonLog: join(directory, 'daemon.log'),
    eventFile: join(directory, 'events.jsonl'),
    keeperGaveUp: join(directory, 'keeper.gave-up'),
    runDirectory: join(directory, 'run'),
    logDirectory: join(directory, 'logs'),
  }
}

/** Outside the home, which nobody else can enter. */
function publicSocketPath(directory: string): string {
  if (process.getuid?.() !== 0) return join(directory, 'agent.sock')
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 16)
  return join('/run', `upkeep-${name}`, 'agent.sock')
}

/** Removes the folder of the public socket, which is the one thing outside the home. */
export function removePublicFolder({ directory, publicAgentSocketPath }: Home): void {
  const folder = dirname(publicAgentSocketPath)
  if (folder === directory) return
  try {
    disownFolder(folder)
    rmdirSync(folder)
  } catch {
    // It could not be made, or somebody else put something there.
  }
}

/** Creates the folder or checks that it is safe to use. */
export function ensureHome(directory: string): Home {
  if (Buffer.byteLength(directory) > LONGEST_HOME) {
    throw unsafe(directory, `its path is longer than ${LONGEST_HOME} bytes, too long for a socket`)
  }
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    if (isSystemError(error, 'EEXIST', 'ENOTDIR')) throw unsafe(directory, 'it is not a folder')
    if (isSystemError(error, 'EACCES', 'EROFS', 'EPERM')) throw unsafe(directory, 'it cannot be created')
    throw error
  }
  const found = lstatSync(directory)
  if (found.isSymbolicLink()) throw unsafe(directory, 'it is a symbolic link')
  if (!found.isDirectory()) throw unsafe(directory, 'it is not a folder')
  if (found.uid !== process.getuid?.()) throw unsafe(directory, `it belongs to user ${found.uid}`)
  if ((found.mode & 0o022) !== 0) throw unsafe(directory, 'others can write there', `chmod 700 ${directory}`)
  if ((found.mode & 0o077) !== 0) chmodSync(directory, 0o700)
  return homeIn(directory)
}

function unsafe(directory: string, reason: string, command?: string): Failure {
  const hint =
    command === undefined
      ? 'Set UPKEEP_HOME to a folder of your own'
      : `Run "${command}" if it is yours alone`
  return new Failure('HOME_UNSAFE', `Cannot use "${directory}" as home: ${reason}`, { hint })
}
