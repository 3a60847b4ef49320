// The daemon that is to come, as the one that leaves sees it: a child with a line to it, and the same lock.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { Clock } from '../../base/clock.ts'
import type { FailureData } from '../../base/failure.ts'
import { Failure } from '../../base/failure.ts'
import type { SocketHandle } from '../../supervisor/sockets/listening-sockets.ts'
import type { Home } from '../home.ts'
import type { FromSuccessor, ToSuccessor } from './hand-over-message.ts'

const SHOWN_LINES = 15
const MOST_LOG_BYTES = 64 * 1024
const GONE_WITHIN_MS = 5000

export interface SuccessorOptions {
  readonly home: Home
  readonly clock: Clock
  /** Program and arguments, without the home. */
  readonly command: readonly string[]
  /** The descriptor that holds the lock of the home. */
  readonly lockFd: number
}

export class Successor {
  readonly #options: SuccessorOptions
  readonly #process: ChildProcess
  readonly #logFd: number
  readonly #logStartBytes: number
  readonly #said = new Set<FromSuccessor['type']>()
  /** How it ended. */
  #end: string | undefined
  #listener: () => void = () => {}

  /** Throws UPGRADE_FAILED when it cannot be started; nothing is left open then. */
  constructor(options: SuccessorOptions) {
    this.#options = options
    this.#logFd = openLog(options)
    try {
      this.#logStartBytes = fstatSync(this.#logFd).size
      this.#process = started(options, this.#logFd)
    } catch (error) {
      closeSync(this.#logFd)
      throw notStarted(error)
    }
    this.#process.on('message', (message: FromSuccessor) => {
      this.#said.add(message.type)
      this.#listener()
    })
    this.#process.once('error', ({ message }) => this.#ended(message))
    this.#process.once('exit', (code, signal) =>
      this.#ended(signal === null ? `it ended with status ${code}` : `${signal} ended it`),
    )
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Resolves when it has said this. Throws UPGRADE_FAILED when it ends before, or does not say it in time. */
  async toSay(type: FromSuccessor['type'], withinMs: number): Promise<void> {
    let isLate = false
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.timer(withinMs, () => {
        isLate = true
        resolve()
      })
      this.#listener = () => {
        if (!this.#said.has(type) && this.#end === undefined) return
        cancel()
        resolve()
      }
      this.#listener()
    })
    if (this.#said.has(type) && this.#end === undefined) return
    throw this.#failure(isLate ? `it was not ready within ${withinMs / 1000} s` : (this.#end ?? ''))
  }

  /** Resolves when it is on its way. */
  async tell(message: ToSuccessor, handle?: SocketHandle): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const done = (error: Error | null) =>
        error === null ? resolve() : reject(this.#failure(this.#end ?? error.message))
      // Node's types know only the classes around such a handle.
      this.#process.send(message, handle as undefined, {}, done)
    })
  }

  /** Makes sure that it is gone. */
  async kill(): Promise<void> {
    if (this.#end === undefined) {
      const gone = new Promise<void>((resolve) => {
        this.#listener = resolve
      })
      this.#process.kill('SIGKILL')
      await Promise.race([
        gone,
        new Promise<void>((resolve) => this.#options.clock.timer(GONE_WITHIN_MS, resolve)),
      ])
    }
  }

  /** Whatever became of it, nothing of it is kept. */
  forget(): void {
    closeSync(this.#logFd)
  }

  /** It is the daemon now: the end of this process is nothing to it. */
  release(): void {
    this.#process.unref()
    this.#process.disconnect()
  }

  #ended(how: string): void {
    this.#end ??= how
    this.#listener()
  }

  #failure(what: string): Failure {
    const lines = this.#lastLines()
    const told = lines.map(tryFailure).find((failure) => failure !== undefined)
    const details = told === undefined ? lines.slice(-SHOWN_LINES) : [told.message, ...(told.details ?? [])]
    return new Failure(
      'UPGRADE_FAILED',
      `Cannot upgrade the daemon: the new one did not take over, ${what}`,
      {
        hint: told?.hint ?? 'The daemon goes on as before',
        details,
      },
    )
  }

  /** What it wrote; in the same file are the lines of this daemon. */
  #lastLines(): string[] {
    const newBytes = Math.max(0, fstatSync(this.#logFd).size - this.#logStartBytes)
    const buffer = Buffer.alloc(Math.min(newBytes, MOST_LOG_BYTES))
    readSync(this.#logFd, buffer, 0, buffer.length, this.#logStartBytes + newBytes - buffer.length)
    const lines = buffer.toString('utf8').split('\n')
    return lines.filter((line) => line !== '' && !line.startsWith('{"time":'))
  }
}

function openLog({ home }: SuccessorOptions): number {
  try {
    return openSync(home.daemonLog, 'a+', 0o600)
  } catch (error) {
    throw notStarted(error)
  }
}

function started({ home, command, lockFd }: SuccessorOptions, logFd: number): ChildProcess {
  const [program = '', ...args] = command
  return spawn(program, [...args, home.directory, '--take-over'], {
    cwd: '/',
    detached: true,
    // Descriptor 3 is the line, 4 the lock.
    stdio: ['ignore', logFd, logFd, 'ipc', lockFd],
  })
}

function notStarted(error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error)
  return new Failure(
    'UPGRADE_FAILED',
    `Cannot upgrade the daemon: the new one could not be started, ${reason}`,
    {
      hint: 'The daemon goes on as before',
      cause: error,
    },
  )
}

/** The last words of a daemon that could not begin. */
function tryFailure(line: string): FailureData | undefined {
  if (!line.startsWith('{"error":')) return undefined
  try {
    return (JSON.parse(line) as { error: FailureData }).error
  } catch {
    return undefined
  }
}
