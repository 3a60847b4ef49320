// Workers that an earlier daemon spawned and died before it could write them down. They are found by what the kernel keeps
// of their environment, and put into the records as if they had been written.
import type { Clock } from '../base/clock.ts'
import { WORKER_ENV } from '../protocol/agent.ts'
import type { AppRecord } from './app/app.ts'
import type { InstanceRecord } from './instance/instance.ts'
import { sendSignal } from './process/process-group.ts'
import {
  findByEnvironment,
  isRunning,
  tryReadStat,
  tryReadUser,
  tryReadVariable,
} from './process/process-stat.ts'
import type { WorkerRecord } from './worker/worker.ts'
import { tryParseWorkerId } from './worker/worker-id.ts'

const STRAY_GRACE_MS = 5000

interface Stray {
  readonly app: string
  readonly instance: number
  readonly worker: WorkerRecord
}

export interface WithStrays {
  readonly records: readonly AppRecord[]
  /** Workers of apps that nobody wants any more. */
  readonly unwanted: readonly WorkerRecord[]
}

/** Where agents of this home connect: by that their workers are known. */
interface AgentSockets {
  readonly agentSocketPath: string
  readonly publicAgentSocketPath: string
}

export function withStrays(records: readonly AppRecord[], sockets: AgentSockets, nowMs: number): WithStrays {
  const strays = findStrays(records.flatMap(recordedWorkers).filter(runs), sockets, nowMs)
  const names = new Set(records.map(({ spec }) => spec.name))
  return {
    records: records.map((record) => strays.filter((stray) => isOf(record, stray)).reduce(addStray, record)),
    unwanted: strays.filter(({ app }) => !names.has(app)).map(({ worker }) => worker),
  }
}

/** What a program starts in a session of its own has the environment of its worker, but is younger and none itself. */
function findStrays(known: readonly WorkerRecord[], sockets: AgentSockets, nowMs: number): Stray[] {
  const paths = new Set([sockets.agentSocketPath, sockets.publicAgentSocketPath])
  const found = [...paths]
    .flatMap((path) => findByEnvironment(WORKER_ENV.socket, path))
    .map((pid) => identify(pid, nowMs))
    .filter((stray) => stray !== undefined)
    .sort((a, b) => Number(a.worker.startTicks) - Number(b.worker.startTicks))
  const taken = new Set(known.map(({ id }) => id))
  return found.filter(({ worker: { id } }) => {
    const isFirst = !taken.has(id)
    taken.add(id)
    return isFirst
  })
}

/** Asks a worker that nobody wants to end, then kills it. */
export function endStray({ pid, startTicks }: WorkerRecord, clock: Clock): void {
  sendSignal(-pid, 'SIGTERM')
  clock.timer(STRAY_GRACE_MS, () => {
    if (isRunning(pid, startTicks)) sendSignal(-pid, 'SIGKILL')
  })
}

export function recordedWorkers({ instances }: AppRecord): WorkerRecord[] {
  return instances.flatMap(({ worker, others }) => (worker === null ? others : [worker, ...others]))
}

/** Any user of the host can give a process such an environment; only the app's own user makes a worker of it. */
function isOf({ spec }: AppRecord, { app, worker }: Stray): boolean {
  return app === spec.name && tryReadUser(worker.pid) === (spec.runAs?.uid ?? process.getuid?.())
}

function addStray(record: AppRecord, { instance: index, worker }: Stray): AppRecord {
  const place = record.instances.find((each) => each.index === index) ?? emptyPlace(index, record)
  const isFree = (place.worker === null || !runs(place.worker)) && record.wanted === 'running'
  const filled: InstanceRecord = isFree
    ? { ...place, state: 'starting', worker }
    : { ...place, others: [...place.others, worker] }
  return { ...record, instances: [...record.instances.filter((each) => each.index !== index), filled] }
}

export function runs({ pid, startTicks }: WorkerRecord): boolean {
  return isRunning(pid, startTicks)
}

function emptyPlace(index: number, { spec }: AppRecord): InstanceRecord {
  return { index, state: 'stopped', spec, worker: null, others: [], restarts: 0, lastExit: null }
}

function identify(pid: number, nowMs: number): Stray | undefined {
  const id = tryReadVariable(pid, WORKER_ENV.worker) ?? ''
  const parts = tryParseWorkerId(id)
  const stat = tryReadStat(pid)
  if (parts === undefined || stat === undefined) return undefined
  const { startTicks } = stat
  const times = { startedAtMs: nowMs, readyAtMs: null, readyAfterMs: null }
  return { ...parts, worker: { id, pid, startTicks, ...times, addresses: [] } }
}
