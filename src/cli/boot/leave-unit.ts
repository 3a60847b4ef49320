// What the daemon's unit runs when systemd stops it (ExecStop, then ExecStopPost). KillMode=process leaves the workers to
// us: a restart keeps them for the next daemon, a stop ends them all.
//
//   node leave-unit.js <unit> <home> ask|sweep [--user]
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { UpkeepClient } from '../../client/upkeep-client.ts'
import { isAlive } from '../process-alive.ts'
import { unitJob } from './unit-job.ts'

const POLL_MS = 20
/** How long what is left in the unit may take to end after SIGTERM. */
const SWEEP_TIMEOUT_MS = 30_000

const [unit = '', home = '', act, manager] = process.argv.slice(2)
const job = await unitJob(unit, manager === '--user')
if (act === 'ask') await askDaemon(job === 'restart')
// After a crash there is no job, and the next daemon takes the workers over.
else if (job === 'stop') await sweep()

async function askDaemon(keepWorkers: boolean): Promise<void> {
  const pid = Number(process.env.MAINPID)
  try {
    await new UpkeepClient({ home }).stopDaemon({ keepWorkers })
  } catch (error) {
    tell(
      `the daemon is killed, because it could not be asked: ${error instanceof Error ? error.message : error}`,
    )
    if (pid > 1) tryKill(pid, 'SIGKILL')
  }
  while (pid > 1 && isAlive(pid)) await sleep(POLL_MS)
}

/** Ends what a daemon that hung or was killed has left. */
async function sweep(): Promise<void> {
  const deadlineMs = performance.now() + SWEEP_TIMEOUT_MS
  const left = processesOfUnit()
  if (left.length > 0) tell(`ending ${left.length} processes that the daemon has left`)
  for (const pid of left) tryKill(pid, 'SIGTERM')
  while (processesOfUnit().length > 0) {
    if (performance.now() > deadlineMs) for (const pid of processesOfUnit()) tryKill(pid, 'SIGKILL')
    await sleep(POLL_MS)
  }
}

/** All in our cgroup but us. */
function processesOfUnit(): number[] {
  return cgroupFolders()
    .flatMap(pidsIn)
    .filter((pid) => pid !== process.pid)
}

function pidsIn(folder: string): number[] {
  try {
    return readFileSync(`${folder}/cgroup.procs`, 'utf8').trim().split('\n').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** The first that is there: version 2, version 2 beside version 1, version 1. */
function cgroupFolders(): string[] {
  const [, path = ''] =
    /^(?:0:|\d+:name=systemd):(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? []
  const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd']
  // Without a path we would be in the cgroup of everything.
  if (!path.endsWith(`/${unit}`)) return []
  return roots
    .map((root) => root + path)
    .filter((folder) => pidsIn(folder).length > 0)
    .slice(0, 1)
}

function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {}
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`)
}
