import { WORKER_ENV } from '../protocol/agent.ts'

/** Through these Node would claim the channel for the app's own `process.on('message')`; the daemon emptied them. */
const NODE_CHANNEL = ['NODE_CHANNEL_FD', 'NODE_CHANNEL_SERIALIZATION_MODE']

export interface Identity {
  readonly worker: string
  readonly channelFd: number
  readonly socketPath: string
  /** Added to every port the app asks for (`balance: 'own'`). */
  readonly portOffset: number
}

/**
 * Reads who this worker is from the environment and removes every trace, so that programs the app starts are not
 * taken for workers and the app sees the environment its config gave it. Undefined in such programs.
 */
export function takeIdentity(): Identity | undefined {
  const { env } = process
  const worker = env[WORKER_ENV.worker]
  const channelFd = Number(env[WORKER_ENV.channel])
  const socketPath = env[WORKER_ENV.socket]
  const portOffset = Number(env[WORKER_ENV.portOffset] ?? 0)
  for (const name of [...Object.values(WORKER_ENV), ...NODE_CHANNEL]) delete env[name]
  restoreNodeOptions(env)
  if (worker === undefined || socketPath === undefined || !Number.isInteger(channelFd)) return undefined
  return { worker, channelFd, socketPath, portOffset }
}

/** The preload stands first in NODE_OPTIONS; what follows is the user's. */
function restoreNodeOptions(env: NodeJS.ProcessEnv): void {
  const rest = env.NODE_OPTIONS?.replace(/^--require="(?:[^"\\]|\\.)*" ?/, '')
  if (rest === undefined || rest === '') delete env.NODE_OPTIONS
  else env.NODE_OPTIONS = rest
}
