// What the kernel knows of a process.
import { readdirSync, readFileSync } from 'node:fs'

const NS_PER_SECOND = 1e9

/** Resident memory in MB. */
export function rssMb(pid) {
  const kb = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kb) / 1024
}

/** Processor time its threads have used so far, in seconds; finer than the ticks of /proc/<pid>/stat. */
export function cpuSeconds(pid) {
  const threads = readdirSync(`/proc/${pid}/task`)
  const used = threads.map(
    (thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0],
  )
  return used.reduce((sum, ns) => sum + Number(ns), 0) / NS_PER_SECOND
}
