import type { Clock } from '../../base/clock.ts'
import { tryReadStat } from './process-stat.ts'

const TICKS_PER_SECOND = 100

interface Sample {
  readonly atMs: number
  readonly cpuTicks: number
}

export interface Usage {
  readonly memoryBytes: number
  /** Of one core, since the last time it was asked for. */
  readonly cpuPercent: number | null
}

/** Memory and CPU of processes, read when somebody asks. */
export class ResourceMeter {
  readonly #clock: Clock
  readonly #samples = new Map<number, Sample>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  usageOf(pid: number): Usage | undefined {
    const stat = tryReadStat(pid)
    if (stat === undefined) {
      this.#samples.delete(pid)
      return undefined
    }
    const { cpuTicks, memoryBytes } = stat
    const atMs = this.#clock.monotonicMs()
    const before = this.#samples.get(pid)
    this.#samples.set(pid, { atMs, cpuTicks })
    if (before === undefined || atMs - before.atMs < 10) return { memoryBytes, cpuPercent: null }
    const seconds = (atMs - before.atMs) / 1000
    const cpuPercent = (100 * (cpuTicks - before.cpuTicks)) / TICKS_PER_SECOND / seconds
    return { memoryBytes, cpuPercent: Math.round(Math.max(0, cpuPercent) * 10) / 10 }
  }

  forget(alivePids: ReadonlySet<number>): void {
    for (const pid of this.#samples.keys()) if (!alivePids.has(pid)) this.#samples.delete(pid)
  }
}
