// A process that moves what is in a pipe into a file, in one step of the kernel: bytes are in the one or in the other,
// whoever is killed when. Node can only read and then write, and what it had read would be lost in between.
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { join } from 'node:path'
import process, { arch, platform } from 'node:process'
import type { Readable } from 'node:stream'

import type { Clock } from '../../../base/clock.ts'
import { PACKAGE_FOLDER } from '../../../base/package.ts'

/**
 * Bytes moved, 0 at the end of the pipe; `failed` when nothing could be moved; `died` when it cannot be said what was, and
 * another one can be asked.
 */
export type Moved = number | 'nothing' | 'failed' | 'died'

type Answer = (moved: Moved) => void

/** `resting`: it has failed too often, or cannot be here. */
type State = 'idle' | 'starting' | 'ready' | 'resting' | 'closed'

export interface SpoolerOptions {
  /** Where the pipes and the files are. */
  readonly directory: string
  readonly clock: Clock
  /** Told once, when pipes are read without it for a while. */
  readonly onUnusable: (reason: string) => void
  /** Default: the one on the path. */
  readonly perl?: string
}

const PERL = 'perl'
const PROGRAM = join(PACKAGE_FOLDER, 'bin', 'spooler.pl')
/** splice(2) and prctl(2), as Linux numbers them; the flags are those of the machine. */
const CALLS: Readonly<Record<string, readonly number[]>> = { x64: [275, 157], arm64: [76, 167] }
const IS_POSSIBLE = platform === 'linux' && arch in CALLS
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants
const FLAGS = [O_RDONLY | O_NONBLOCK | O_NOFOLLOW, O_WRONLY | O_NOFOLLOW]
const NUMBERS = [...(CALLS[arch] ?? []), ...FLAGS].map(String)
/** It waits for the spooler of another daemon, which ends with that. */
const READY_WITHIN_MS = 10_000
/** One that was stopped answers never, and never ends. */
const ANSWER_WITHIN_MS = 5_000
const MOST_FAILURES = 3
const REST_MS = 60_000

export class Spooler {
  readonly #options: SpoolerOptions
  readonly #asked = new Map<string, Answer>()
  #waiting: (() => void)[] = []
  #state: State = IS_POSSIBLE ? 'idle' : 'resting'
  #process: ChildProcess | undefined
  #gone: Promise<void> = Promise.resolve()
  #commands = ''
  #failures = 0
  #isTold = false
  #cancelRest = () => {}
  #cancelDeadline = () => {}

  constructor(options: SpoolerOptions) {
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  get isUsable(): boolean {
    return this.#state !== 'resting' && this.#state !== 'closed'
  }

  /** Calls back when no other spooler moves anything any more, or when there will be none. */
  whenReady(callback: () => void): void {
    if (this.#state === 'idle') this.#start()
    if (this.#state === 'starting') this.#waiting.push(callback)
    else callback()
  }

  ready(): Promise<void> {
    return new Promise((resolve) => this.whenReady(resolve))
  }

  /** Moves what is in the pipe `name` to `offset` of the file `name.spool`. One at a time for each pipe. */
  take(name: string, offset: number, pauseMs: number, answer: Answer): void {
    this.whenReady(() => {
      if (this.#state !== 'ready') return answer(this.isUsable ? 'died' : 'failed')
      this.#asked.set(name, answer)
      if (this.#asked.size === 1) this.#expectWithin(ANSWER_WITHIN_MS)
      this.#command(`take ${offset} ${Math.round(pauseMs * 1000)} ${name}\n`)
    })
  }

  /** The pipe and the file may be closed; either may be another one when it is named again. */
  forget(name: string): void {
    if (this.#state === 'ready') this.#command(`forget ${name}\n`)
  }

  /** Resolves when nothing is moved any more. */
  async close(): Promise<void> {
    this.#cancelRest()
    this.#state = 'closed'
    this.#process?.ref()
    this.#process?.stdin?.end()
    this.#expectWithin(ANSWER_WITHIN_MS)
    this.#goOn()
    await this.#gone
    this.#cancelDeadline()
  }

  #start(): void {
    this.#state = 'starting'
    let failure: string | undefined
    const child = this.#trySpawn((reason) => {
      failure = reason
    })
    this.#process = child
    this.#expectWithin(READY_WITHIN_MS)
    this.#gone = new Promise((resolve) => {
      const end = (reason: string) => {
        this.#ended(failure ?? reason)
        resolve()
      }
      // Without descriptors there are no pipes to it, and Node reports no end.
      if (!child?.stdout) setImmediate(end, 'it could not be started')
      else child.once('close', (code, signal) => end(signal ?? `it ended with status ${code}`))
    })
  }

  #trySpawn(failed: (reason: string) => void): ChildProcess | undefined {
    const { directory, perl = PERL } = this.#options
    // What PERL5OPT and its like in a user's environment say is not meant for it.
    const env = { PATH: process.env.PATH }
    const args = ['-w', PROGRAM, ...NUMBERS, directory]
    try {
      const child: ChildProcess = spawn(perl, args, {
        cwd: directory,
        env,
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      child.once('error', ({ message }) => failed(message))
      child.stdin?.on('error', () => {})
      if (child.stdout) this.#listen(child.stdout)
      // It ends with the daemon, so the daemon need not stay for it.
      child.unref()
      return child
    } catch (error) {
      failed(String(error))
      return undefined
    }
  }

  #listen(stdout: Readable): void {
    let output = ''
    stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (output + text).split('\n')
      output = lines.pop() ?? ''
      for (const line of lines) this.#said(line)
    })
  }

  #expectWithin(limitMs: number): void {
    this.#cancelDeadline()
    this.#cancelDeadline = this.#options.clock.timer(limitMs, () => this.#process?.kill('SIGKILL'))
  }

  #said(line: string): void {
    if (line === 'ready') {
      if (this.#state !== 'starting') return
      this.#cancelDeadline()
      this.#state = 'ready'
      this.#goOn()
      return
    }
    const { length = '', name = '' } = /^(?<length>\S+) (?<name>.*)$/.exec(line)?.groups ?? {}
    const answer = this.#asked.get(name)
    this.#asked.delete(name)
    if (this.#state === 'ready') this.#cancelDeadline()
    if (this.#state === 'ready' && this.#asked.size > 0) this.#expectWithin(ANSWER_WITHIN_MS)
    this.#failures = 0
    answer?.(length === 'nothing' || length === 'failed' ? length : Number(length))
  }

  /** All commands of one turn of the event loop go in one write. */
  #command(text: string): void {
    if (this.#commands === '') {
      queueMicrotask(() => {
        this.#process?.stdin?.write(this.#commands)
        this.#commands = ''
      })
    }
    this.#commands += text
  }

  #ended(reason: string): void {
    const unanswered = [...this.#asked.values()]
    this.#asked.clear()
    this.#cancelDeadline()
    if (this.#state !== 'closed') this.#failed(reason)
    for (const answer of unanswered) answer(this.isUsable ? 'died' : 'failed')
    if (this.#state === 'idle' && this.#waiting.length > 0) this.#start()
    else this.#goOn()
  }

  #failed(reason: string): void {
    this.#state = 'idle'
    if (++this.#failures < MOST_FAILURES) return
    this.#state = 'resting'
    this.#cancelRest = this.#options.clock.timer(REST_MS, () => {
      this.#state = 'idle'
    })
    if (!this.#isTold) this.#options.onUnusable(reason)
    this.#isTold = true
  }

  #goOn(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const callback of waiting) callback()
  }
}
