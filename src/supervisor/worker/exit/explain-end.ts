// Why a worker ended, for people: from its end, from what it wrote last, and from what can be found out about that.

import type { ObservedEnd } from '../process-watch.ts'
import type { Worker } from '../worker.ts'
import { exitReason } from './exit-reason.ts'
import { tryTellTakenPort } from './port-holder.ts'
import { tryTellUnreadable } from './readable-by.ts'

export interface EndedWorker extends Pick<Worker, 'spec' | 'isReady' | 'isStopping'> {
  readonly end: ObservedEnd
  readonly lastLines: readonly string[]
  /** Where the agents of this daemon connect. */
  readonly agentSockets: readonly string[]
}

export async function explainEnd(ended: EndedWorker): Promise<string> {
  const { end, lastLines, isStopping } = ended
  return exitReason(end.code, end.signal, lastLines, isStopping, await tryFindCause(ended))
}

async function tryFindCause(ended: EndedWorker): Promise<string | undefined> {
  const { spec, isReady, end, lastLines, agentSockets } = ended
  if (end.code === 0) return undefined
  const isCrash = end.signal === null
  const unreadable = isCrash && !isReady ? tryTellUnreadable(spec) : undefined
  return unreadable ?? (await tryTellTakenPort({ app: spec.name, agentSockets }, lastLines))
}
