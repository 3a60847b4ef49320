// What a worker writes. Its stdout and stderr are FIFOs on disk, so that a daemon that takes over can find them again:
// the worker never notices that the one before died, and the kernel keeps what it wrote meanwhile.

import { closeSync, existsSync, fchownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

import { restPathOf } from '../../protocol/agent.ts'
import type { AppLogs } from './app-logs.ts'
import {
  makeFifos,
  openAll,
  openForDaemon,
  openForWorker,
  removeFifos,
  tryOpenForDaemon,
} from './pipe/fifo.ts'
import type { FifoStock } from './pipe/fifo-stock.ts'
import { spoolPathOf } from './pipe/spool.ts'
import { WorkerStream } from './worker-stream.ts'

export interface WorkerOutputOptions {
  readonly logs: AppLogs
  /** Where the FIFOs are: a folder of the daemon's home. */
  readonly runDirectory: string
  /** The stock of `runDirectory`. */
  readonly fifoStock: FifoStock
  readonly workerId: string
  readonly instance: number
}

export interface AdoptedOutputOptions extends WorkerOutputOptions {
  readonly pid: number
}

export interface NewOutputOptions extends WorkerOutputOptions {
  /** The user the worker runs as, who may then open /dev/stdout; null for the daemon's own. */
  readonly owner: { readonly uid: number; readonly gid: number } | null
}

/** How much longer than asked `finish` waits for another worker's unfinished line in the same file. */
const TURN_MS = 1_500

export class WorkerOutput {
  /** Descriptors for the worker, in the `stdio` of its spawn; -1 when it was adopted. */
  readonly stdoutFd: number
  readonly stderrFd: number
  readonly #logs: AppLogs
  readonly #stdout: WorkerStream
  readonly #stderr: WorkerStream
  #spawnFds: readonly number[]
  #finished: Promise<void> | undefined

  private constructor(options: WorkerOutputOptions, readFds: readonly number[], spawnFds: readonly number[]) {
    const [stdoutPath, stderrPath] = fifoPaths(options)
    const { logs, instance } = options
    const isAdopted = spawnFds.length === 0
    const common = { logs, instance, isAdopted }
    this.#logs = logs
    this.#spawnFds = spawnFds
    this.stdoutFd = spawnFds[0] ?? -1
    this.stderrFd = spawnFds[1] ?? -1
    this.#stdout = new WorkerStream({
      ...common,
      stream: 'stdout',
      fifoPath: stdoutPath,
      fd: readFds[0] ?? -1,
    })
    this.#stderr = new WorkerStream({
      ...common,
      stream: 'stderr',
      fifoPath: stderrPath,
      fd: readFds[1] ?? -1,
    })
  }

  /** For a worker that is about to be spawned. */
  static async create(options: NewOutputOptions): Promise<WorkerOutput> {
    const paths = fifoPaths(options)
    mkdirSync(options.runDirectory, { recursive: true, mode: 0o700 })
    await options.fifoStock.make(paths)
    // The worker's ends first: a pipe that never had a writer would look ended.
    const opens = [openForWorker, openForDaemon].flatMap((open) => paths.map((path) => () => open(path)))
    try {
      const fds = openAll(opens)
      const spawnFds = fds.slice(0, paths.length)
      if (options.owner !== null) giveTo(options.owner, spawnFds)
      return new WorkerOutput(options, fds.slice(paths.length), spawnFds)
    } catch (error) {
      removeFifos(paths)
      throw error
    }
  }

  /** For a worker that another daemon spawned. A pipe to which nothing leads any more has ended. */
  static async adopt(options: AdoptedOutputOptions): Promise<WorkerOutput> {
    const { logs, pid, workerId } = options
    const found = fifoPaths(options).map((path, index) => tryOpenForDaemon(path, { pid, fd: index + 1 }))
    if (found.every((fd) => fd === undefined))
      logs.tell(`The pipes of worker ${workerId} are gone: what it writes is lost until it is replaced`)
    return new WorkerOutput(options, await withEnded(options, found), [])
  }

  /** Of a worker that ended while no daemon lived: takes what is still to be had. */
  static async takeLastWords(options: WorkerOutputOptions): Promise<void> {
    const paths = fifoPaths(options)
    if (!paths.some(hasWords)) return
    const found = paths.map((path) => tryOpenForDaemon(path))
    const readFds = await withEnded(options, found)
    await options.logs.spooler?.ready()
    await new WorkerOutput(options, readFds, []).finish(0)
  }

  /** The worker has its descriptors now, or never will: without ours, its exit is the end of the pipes. */
  spawned(): void {
    for (const fd of this.#spawnFds) closeSync(fd)
    this.#spawnFds = []
  }

  /** The last lines of stderr, or of stdout when stderr was empty; for people. */
  lastLines(count: number): string[] {
    const { tail } = this.#stderr.tail.isEmpty ? this.#stdout : this.#stderr
    return tail.lastLines(count)
  }

  /**
   * After the worker's exit: resolves when all it wrote is in the files. A process it left behind may keep the pipes
   * open for ever, so after `graceMs` what is there is taken and the pipes are closed. While a disk is full, the rest
   * follows in the background.
   */
  finish(graceMs: number): Promise<void> {
    this.#finished ??= this.#finish(graceMs)
    return this.#finished
  }

  /** The daemon leaves and the worker lives: the FIFOs stay for the next daemon. */
  close(): void {
    this.spawned()
    this.#stdout.leave()
    this.#stderr.leave()
  }

  async #finish(graceMs: number): Promise<void> {
    this.spawned()
    if (await this.#hasEndedWithin(graceMs)) return
    this.#stdout.cut()
    this.#stderr.cut()
    await this.#hasEndedWithin(TURN_MS)
  }

  async #hasEndedWithin(limitMs: number): Promise<boolean> {
    let cancel = () => {}
    const isLate = new Promise<boolean>((resolve) => {
      cancel = this.#logs.clock.timer(limitMs, () => resolve(true))
    })
    const hasEnded = Promise.all([this.#stdout.hasEnded, this.#stderr.hasEnded]).then(() => false)
    const late = await Promise.race([hasEnded, isLate])
    cancel()
    return !late
  }
}

/** A pipe without a writer has ended: such a one takes the place of each that is gone. */
async function withEnded(
  options: WorkerOutputOptions,
  found: readonly (number | undefined)[],
): Promise<number[]> {
  const paths = fifoPaths(options)
  const gone = paths.filter((_, index) => found[index] === undefined)
  try {
    mkdirSync(options.runDirectory, { recursive: true, mode: 0o700 })
    if (gone.length > 0) await makeFifos(gone)
    const made = openAll(gone.map((path) => () => openForDaemon(path)))
    return found.map((fd) => fd ?? made.shift() ?? -1)
  } catch (error) {
    for (const fd of found) if (fd !== undefined) closeSync(fd)
    throw error
  }
}

function hasWords(pipePath: string): boolean {
  return [pipePath, spoolPathOf(pipePath), restPathOf(pipePath)].some((path) => existsSync(path))
}

function giveTo({ uid, gid }: NonNullable<NewOutputOptions['owner']>, fds: readonly number[]): void {
  for (const fd of fds) fchownSync(fd, uid, gid)
}

function fifoPaths({ runDirectory, workerId }: WorkerOutputOptions): [string, string] {
  return [join(runDirectory, `${workerId}.out`), join(runDirectory, `${workerId}.err`)]
}
