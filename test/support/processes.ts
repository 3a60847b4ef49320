import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { isSystemError } from '../../src/base/failure.ts'

/** Pids of the living processes that have `text` in their environment, command line or working folder. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => !isDead(pid) && traces(pid).some((trace) => trace.includes(text)))
    .map(Number)
}

export function isAlive(pid: number): boolean {
  return !isDead(String(pid))
}

export function commandOf(pid: number): string {
  return read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    .replaceAll('\0', ' ')
    .trim()
}

export function environmentOf(pid: number): Record<string, string> {
  const entries = read(() => readFileSync(`/proc/${pid}/environ`, 'utf8')).split('\0')
  return Object.fromEntries(
    entries.filter(Boolean).map((entry) => {
      const split = entry.indexOf('=')
      return [entry.slice(0, split), entry.slice(split + 1)]
    }),
  )
}

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  // 0 and negative numbers are groups: the test itself.
  if (!(pid > 1)) throw new Error(`no process to kill: ${pid}`)
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error
  }
}

/** A zombie is dead: its parent just has not asked yet. */
function isDead(pid: string): boolean {
  const state = read(() => readFileSync(`/proc/${pid}/stat`, 'utf8')).match(/\) (\w)/)?.[1]
  return state === undefined || state === 'Z' || state === 'X'
}

function traces(pid: string): string[] {
  return [
    read(() => readFileSync(`/proc/${pid}/environ`, 'utf8')),
    read(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')),
    read(() => readlinkSync(`/proc/${pid}/cwd`)),
  ]
}

function read(source: () => string): string {
  try {
    return source()
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return ''
    throw error
  }
}
