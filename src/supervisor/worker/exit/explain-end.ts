// Why a worker ended, for people: from its end, from what it wrote last, and from what can be found out about that.

import type { ObservedEnd } from '../process-watch.ts'
import type { Worker } from '../worker.ts'
import { exitReason } from './exit-reason.ts'
import { portInUse, tellTakenPort } from './port-holder.ts'
import { tryTellUnreadable } from './readable-by.ts'

export interface EndedWorker extends Pick<Worker, 'spec' | 'isReady' | 'isStopping'> {
  readonly end: ObservedEnd
  readonly lastLines: readonly string[]
  /** The port it could not get, as far as its agent asked for it. */
  readonly takenPort: number | undefined
  /** Where the agents of this daemon connect. */
  readonly agentSockets: readonly string[]
}

export async function explainEnd(ended: EndedWorker): Promise<string> {
  const { end, lastLines, isStopping } = ended
  return exitReason(end.code, end.signal, lastLines, isStopping, await tryFindCause(ended))
}

async function tryFindCause(ended: EndedWorker): Promise<string | undefined> {
  const { spec, isReady, end } = ended
  if (end.code === 0) return await tryFindPort(ended)
  const isCrash = end.signal === null
  const unreadable = isCrash && !isReady ? tryTellUnreadable(spec) : undefined
  return unreadable ?? (await tryFindPort(ended))
}

/** Express 5 hands the failure of listen() to a callback, which seldom looks: the app ends with success, and no line tells why. */
async function tryFindPort(ended: EndedWorker): Promise<string | undefined> {
  const { spec, isReady, isStopping, end, lastLines, takenPort, agentSockets } = ended
  const isCrash = end.code !== 0
  const told = isCrash ? portInUse(lastLines) : undefined
  const port = told ?? (isReady || isStopping ? undefined : takenPort)
  return port === undefined ? undefined : await tellTakenPort({ app: spec.name, agentSockets }, port)
}
