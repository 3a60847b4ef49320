// How a worker comes into the daemon: spawned, or taken over from the daemon before.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { Failure } from '../../base/failure.ts'
import { WORKER_ENV } from '../../protocol/agent.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import { AgentConnection } from '../agents/agent-connection.ts'
import { WorkerOutput } from '../logs/worker-output.ts'
import { isRunning, tryReadStat } from '../process/process-stat.ts'
import { unreadablePart } from './exit/readable-by.ts'
import { AGENT_PATH, launchOf, withAgent } from './launcher.ts'
import type { Child, WorkerOptions, WorkerRecord, WorkerSurroundings } from './worker.ts'
import { Worker } from './worker.ts'
import { newWorkerId } from './worker-id.ts'

export type WorkerPlan = Pick<WorkerOptions, 'around' | 'watcher' | 'spec' | 'instance' | 'hasListenedBefore'>

export async function spawnWorker(plan: WorkerPlan): Promise<Worker> {
  const { around, spec, instance } = plan
  checkPreload(spec)
  const id = newWorkerId(spec.name, instance)
  const { logs, runDirectory, fifoStock } = around
  const output = await WorkerOutput.create({
    logs,
    runDirectory,
    fifoStock,
    owner: spec.runAs,
    workerId: id,
    instance,
  })
  try {
    const child = await startProcess(spec, output, environmentOf(plan, id))
    output.spawned()
    const { pid } = child.process
    const startTicks = tryReadStat(pid)?.startTicks ?? null
    const times = { startedAtMs: around.clock.nowMs(), readyAtMs: null, readyAfterMs: null }
    const record = { id, pid, startTicks, ...times, addresses: [] }
    return new Worker({ ...plan, output, record, child })
  } catch (error) {
    output.spawned()
    await output.finish(0)
    throw error
  }
}

/** Takes over a worker that an earlier daemon started; undefined when it is gone. */
export async function adoptWorker(plan: WorkerPlan, record: WorkerRecord): Promise<Worker | undefined> {
  const { logs, runDirectory, fifoStock } = plan.around
  const { instance } = plan
  const { id: workerId, pid } = record
  const output = { logs, runDirectory, fifoStock, workerId, instance }
  if (isRunning(pid, record.startTicks))
    return new Worker({ ...plan, output: await WorkerOutput.adopt({ ...output, pid }), record })
  await WorkerOutput.takeLastWords(output)
  return undefined
}

/** Node would end at once with an error that nobody understands. */
function checkPreload({ isNode, runAs, name }: AppSpec): void {
  if (!isNode || runAs === null) return
  const blocked = unreadablePart(AGENT_PATH, runAs)
  if (blocked === undefined) return
  throw new Failure(
    'SPAWN_FAILED',
    `Cannot start "${name}" as "${runAs.user}": that user may not read "${blocked}"`,
    {
      hint: 'Install Upkeep where every user can read it, such as /opt or /usr/local',
    },
  )
}

async function startProcess(
  spec: AppSpec,
  output: WorkerOutput,
  env: Readonly<Record<string, string>>,
): Promise<Child> {
  const { program, args } = launchOf(spec)
  const process = spawn(program, args, {
    cwd: spec.cwd,
    env,
    detached: true,
    stdio: ['ignore', output.stdoutFd, output.stderrFd, spec.isNode ? 'ipc' : 'ignore'],
    ...(spec.runAs === null ? {} : { uid: spec.runAs.uid, gid: spec.runAs.gid }),
  })
  // It must not keep the daemon alive after it let go of its workers.
  process.unref()
  // Writing to a worker that just died is no error of ours: its exit is seen anyway.
  process.on('error', () => {})
  const spawned = new Promise<void>((resolve, reject) => {
    process.once('error', reject)
    process.once('spawn', resolve)
  })
  // Without a pid there is no channel either.
  const connection = spec.isNode && process.pid !== undefined ? AgentConnection.ofChild(process) : undefined
  await spawned
  return { process: process as ChildProcess & { readonly pid: number }, connection }
}

function environmentOf({ spec, instance, around }: WorkerPlan, id: string): Record<string, string> {
  const env = {
    ...spec.env,
    NODE_APP_INSTANCE: String(instance),
    UPKEEP_INSTANCE: String(instance),
    [WORKER_ENV.worker]: id,
    [WORKER_ENV.socket]: agentSocketOf(spec, around),
  }
  if (!spec.isNode) return env
  return {
    ...env,
    // child_process appends its own, but the first one counts, and so Node leaves the channel to the agent.
    NODE_CHANNEL_FD: '',
    [WORKER_ENV.channel]: '3',
    ...(spec.balance === 'own' ? { [WORKER_ENV.portOffset]: String(instance) } : {}),
    NODE_OPTIONS: withAgent(spec.env.NODE_OPTIONS),
  }
}

function agentSocketOf({ runAs }: AppSpec, around: WorkerSurroundings): string {
  return runAs === null ? around.agentSocketPath : around.publicAgentSocketPath
}
