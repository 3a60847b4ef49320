// Who has the port that a worker could not get. Asked only when a worker has failed: every process of the machine is looked
// at, as ss(8) does.
import { readFileSync, readlinkSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { WORKER_ENV } from '../../../protocol/agent.ts'
import { tryReadVariable } from '../../process/process-stat.ts'
import { tryParseWorkerId } from '../worker-id.ts'

/** The worker that failed. */
interface Asker {
  readonly app: string
  /** Where the agents of this daemon connect: by that its workers are known. */
  readonly agentSockets: readonly string[]
}

/** `port 3000 is taken by app "web"`; without the holder when the kernel tells of none, because it is gone. */
export async function tellTakenPort(asker: Asker, port: number): Promise<string> {
  const holder = await tryFindHolder(port, asker)
  return holder === undefined ? `port ${port} was taken` : `port ${port} is taken by ${holder}`
}

/** The port in `EADDRINUSE: address already in use :::3000`, and as programs in Go or Python write it. */
export function portInUse(lines: readonly string[]): number | undefined {
  const failed = lines.filter((line) => /EADDRINUSE|address already in use/i.test(line))
  const port = failed.flatMap((line) => line.match(/(?<=[:,] ?)\d{1,5}(?=\D*$)/) ?? []).at(-1)
  return port === undefined ? undefined : Number(port)
}

async function tryFindHolder(port: number, asker: Asker): Promise<string | undefined> {
  const listeners = [...listenersIn('/proc/net/tcp', port), ...listenersIn('/proc/net/tcp6', port)]
  const [first] = listeners
  if (first === undefined) return undefined
  const links = new Set(listeners.map(({ inode }) => `socket:[${inode}]`))
  const holders = await holdersOf(links)
  // A daemon holds the sockets of its apps beside their workers; while an app has none, alone.
  const pid = holders.find(isWorker) ?? holders.find((each) => each !== process.pid)
  if (pid !== undefined) return describe(pid, asker)
  return holders.length > 0
    ? 'an app of this daemon that has no worker now'
    : `a program of user ${first.uid}`
}

interface Listener {
  readonly inode: string
  readonly uid: string
}

/** proc(5): the second field is the local address in hexadecimal, the fourth the state, 0A while listening. */
function listenersIn(table: string, port: number): Listener[] {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return tryRead(table)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === '0A' && fields[1]?.endsWith(ending) === true)
    .map((fields) => ({ inode: fields[9] ?? '', uid: fields[7] ?? '' }))
}

async function holdersOf(links: ReadonlySet<string>): Promise<number[]> {
  const holders: number[] = []
  for (const pid of (await namesIn('/proc')).map(Number).filter(Number.isInteger)) {
    const descriptors = await namesIn(`/proc/${pid}/fd`)
    if (descriptors.some((each) => links.has(tryReadLink(`/proc/${pid}/fd/${each}`)))) holders.push(pid)
  }
  return holders
}

function isWorker(pid: number): boolean {
  return tryReadVariable(pid, WORKER_ENV.worker) !== undefined
}

function describe(pid: number, { app, agentSockets }: Asker): string {
  const parts = tryParseWorkerId(tryReadVariable(pid, WORKER_ENV.worker) ?? '')
  if (parts === undefined) return `${JSON.stringify(tryRead(`/proc/${pid}/comm`).trim())} (pid ${pid})`
  const { app: name, instance } = parts
  const isOurs = agentSockets.includes(tryReadVariable(pid, WORKER_ENV.socket) ?? '')
  if (!isOurs) return `app "${name}" of another daemon (pid ${pid})`
  return name === app ? `instance ${instance} of the same app` : `app "${name}"`
}

// A process may be gone, or be somebody else's.

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch(() => [])
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function tryReadLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
