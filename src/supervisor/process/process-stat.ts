// What the kernel knows about a process (proc(5)). The start time tells a process from a later one with the same pid.
import { readdirSync, readFileSync, statSync } from 'node:fs'

export interface ProcessStat {
  readonly state: string
  readonly processGroup: number
  /** CPU time used, in clock ticks (100 per second on every Linux that Node runs on). */
  readonly cpuTicks: number
  /** Start time in clock ticks since boot. */
  readonly startTicks: number
  readonly memoryBytes: number
}

const PAGE_BYTES = 4096
const MS_PER_TICK = 10

export function tryReadStat(pid: number): ProcessStat | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The second field is the name in parentheses and may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const number = (index: number) => Number(fields[index])
  return {
    state: fields[0] ?? '',
    processGroup: number(2),
    cpuTicks: number(11) + number(12),
    startTicks: number(19),
    memoryBytes: number(21) * PAGE_BYTES,
  }
}

/** How long a process runs that began at this tick, told by a clock that nobody sets; undefined where there is none. */
export function tryReadAgeMs(startTicks: number): number | undefined {
  const own = tryReadStat(process.pid)
  if (own === undefined) return undefined
  return Math.max(0, (own.startTicks - startTicks) * MS_PER_TICK + process.uptime() * 1000)
}

/** The user a process runs as. */
export function tryReadUser(pid: number): number | undefined {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid
}

/**
 * True while the very process runs that was seen with this start time. A zombie does not run. A process that has none was
 * gone before it could be asked.
 */
export function isRunning(pid: number, startTicks: number | null): boolean {
  if (process.platform !== 'linux') return answersSignals(pid)
  const stat = tryReadStat(pid)
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return false
  return stat.startTicks === startTicks
}

/** Where there is no proc(5), a pid has to be trusted. */
function answersSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Pids of group leaders whose environment has this variable with this value. */
export function findByEnvironment(name: string, value: string): number[] {
  return allPids().filter(
    (pid) => tryReadVariable(pid, name) === value && tryReadStat(pid)?.processGroup === pid,
  )
}

/** What a variable was when the process began. */
export function tryReadVariable(pid: number, name: string): string | undefined {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1)
  } catch {
    return undefined
  }
}

function allPids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}
