// Whose a folder outside the home is, told by a file in it: the one proof that nobody needs it any more.
import { readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning, tryReadStat } from '../../supervisor/process/process-stat.ts'

const FILE = 'owner'

interface Owner {
  readonly pid: number
  readonly startTicks: number
  /** In another one the same pid is another process. */
  readonly pidNamespace: string
}

/** Says that this process has the folder. Where that cannot be said, the folder is never swept. */
export function ownFolder(folder: string): void {
  const startTicks = tryReadStat(process.pid)?.startTicks
  const pidNamespace = tryReadNamespace()
  if (startTicks === undefined || pidNamespace === undefined) return
  const owner: Owner = { pid: process.pid, startTicks, pidNamespace }
  try {
    writeFileSync(join(folder, FILE), `${JSON.stringify(owner)}\n`, { mode: 0o600 })
  } catch {
    // On a full disk.
  }
}

export function disownFolder(folder: string): void {
  rmSync(join(folder, FILE), { force: true })
}

/** True only when a process of ours has said that the folder was its own, and that process is no more. */
export function isOwnerGone(folder: string): boolean {
  const owner = tryReadOwner(folder)
  return (
    owner !== undefined &&
    owner.pidNamespace === tryReadNamespace() &&
    !isRunning(owner.pid, owner.startTicks)
  )
}

function tryReadOwner(folder: string): Owner | undefined {
  try {
    const owner = JSON.parse(readFileSync(join(folder, FILE), 'utf8')) as Partial<Owner> | null
    const { pid, startTicks, pidNamespace } = owner ?? {}
    if (!(Number.isInteger(pid) && Number.isInteger(startTicks)) || typeof pidNamespace !== 'string') return
    return { pid: Number(pid), startTicks: Number(startTicks), pidNamespace }
  } catch {
    return undefined
  }
}

function tryReadNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return undefined
  }
}
