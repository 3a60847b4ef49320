// What the kernel knows of a process.
import { readdirSync, readFileSync } from 'node:fs'

const NS_PER_SECOND = 1e9

/** Resident memory in MB of a daemon and the programs that help it; what they share is counted for each. */
export function rssMb(daemon) {
  return sum([daemon, ...helpersOf(daemon)].map(rssMbOf))
}

/** Processor time of a daemon and the programs that help it so far, in seconds. */
export function cpuSeconds(daemon) {
  return sum([daemon, ...helpersOf(daemon)].map(cpuSecondsOf))
}

/** Upkeep's spooler and keeper; workers are not counted to the daemon, pm2 has no other children. */
function helpersOf(daemon) {
  const children = readFileSync(`/proc/${daemon}/task/${daemon}/children`, 'utf8').split(' ').filter(Boolean)
  return children.filter((pid) =>
    /bin\/(?:spooler\.pl|keeper)\0/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')),
  )
}

function rssMbOf(pid) {
  const kb = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kb) / 1024
}

/** Finer than the ticks of /proc/<pid>/stat. */
function cpuSecondsOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`)
  const used = threads.map(
    (thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0],
  )
  return sum(used.map(Number)) / NS_PER_SECOND
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
