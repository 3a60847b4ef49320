// A process that moves what is in a pipe into a file, in one step of the kernel: bytes are in the one or in the other,
// whoever is killed when. Node can only read and then write, and what it had read would be lost in between.
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:fs'
import { join } from 'node:path'
import process, { arch, platform } from 'node:process'

import type { Clock } from '../../../base/clock.ts'
import { PACKAGE_FOLDER } from '../../../base/package.ts'

/** Bytes moved, 0 at the end of the pipe; `failed` when it cannot be said what happened, or nothing could be moved. */
export type Moved = number | 'nothing' | 'failed'

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
/** The system call, as Linux numbers it; the flags are those of the machine. */
const SPLICE: Readonly<Record<string, number>> = { x64: 275, arm64: 76 }
const IS_POSSIBLE = platform === 'linux' && arch in SPLICE
const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants
const NUMBERS = [SPLICE[arch] ?? 0, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, O_WRONLY | O_NOFOLLOW].map(String)
/** It waits for the spooler of another daemon, which ends with that. */
const READY_WITHIN_MS = 10_000
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
      if (this.#state !== 'ready') return answer('failed')
      this.#asked.set(name, answer)
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
    this.#goOn()
    await this.#gone
  }

  #start(): void {
    this.#state = 'starting'
    const { directory, clock, perl = PERL } = this.#options
    // What PERL5OPT and its like in a user's environment say is not meant for it.
    const env = { PATH: process.env.PATH }
    const child = spawn(perl, ['-w', PROGRAM, ...NUMBERS], {
      cwd: directory,
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#process = child
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (output + text).split('\n')
      output = lines.pop() ?? ''
      for (const line of lines) this.#said(line)
    })
    child.stdin.on('error', () => {})
    // It ends with the daemon, so the daemon need not stay for it.
    child.unref()
    const cancel = clock.timer(READY_WITHIN_MS, () => child.kill('SIGKILL'))
    child.stdout.once('data', cancel)
    let failure: string | undefined
    child.once('error', ({ message }) => {
      failure = message
    })
    this.#gone = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        cancel()
        this.#ended(failure ?? signal ?? `it ended with status ${code}`)
        resolve()
      })
    })
  }

  #said(line: string): void {
    if (line === 'ready') {
      this.#state = 'ready'
      this.#goOn()
      return
    }
    const { length = '', name = '' } = /^(?<length>\S+) (?<name>.*)$/.exec(line)?.groups ?? {}
    const answer = this.#asked.get(name)
    this.#asked.delete(name)
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
    if (this.#state !== 'closed') this.#failed(reason)
    for (const answer of unanswered) answer('failed')
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
