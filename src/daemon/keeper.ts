// The process that starts the next daemon when this one dies (bin/keeper). It reads from a pipe whose other end only the
// daemon has: the kernel closes that when the daemon dies. A daemon that leaves as asked says so on the pipe first.
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { isSystemError } from '../base/failure.ts'
import { PACKAGE_FOLDER } from '../base/package.ts'
import type { Home } from './home.ts'

const KEEPER_PATH = join(PACKAGE_FOLDER, 'bin', 'keeper')

/** What a keeper that tries to start a daemon has in the home (bin/keeper). */
const TRYING = /^keeper\.\d+$/
/** A daemon that has lived so long is started again at once when it dies; before, after a pause that grows. */
const STABLE_MS = 30_000
const NEXT_KEEPER_MS = 1000
const LEAVE_MS = 1000

export interface KeeperOptions {
  readonly home: Home
  readonly clock: Clock
  /** How this daemon was started, and so is the next. */
  readonly command: readonly string[]
  /** How long the keeper waits before it starts the next daemon. */
  readonly pauseSeconds: number
  readonly onProblem: (text: string) => void
}

export class Keeper {
  readonly #options: KeeperOptions
  #child: ChildProcess | undefined
  #isStable = false
  #hasLeft = false
  #problem = ''
  #cancelTimers: (() => void)[] = []

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** Undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    const { home, clock } = this.#options
    endTrying(home)
    this.#begin()
    const cancel = clock.timer(STABLE_MS, () => {
      this.#isStable = true
      this.#child?.stdin?.write('stable\n')
    })
    this.#cancelTimers.push(cancel)
  }

  /** The daemon leaves as it was asked: nobody is to start it again. Safe to call twice. */
  async leave(): Promise<void> {
    this.#hasLeft = true
    for (const cancel of this.#cancelTimers.splice(0)) cancel()
    const child = this.#child
    if (child === undefined || child.stdin?.writable !== true) return
    const gone = new Promise<void>((resolve) => void child.once('exit', () => resolve()))
    child.stdin.end('left\n')
    child.ref()
    await Promise.race([
      gone,
      new Promise((resolve) => this.#options.clock.timer(LEAVE_MS, () => resolve(0))),
    ])
  }

  #begin(): void {
    const { home, command, pauseSeconds, onProblem } = this.#options
    const pause = this.#isStable ? 0 : pauseSeconds
    // Without descriptors left (EMFILE) it comes without a pipe.
    const child: ChildProcess = spawn('/bin/sh', [KEEPER_PATH, home.directory, String(pause), ...command], {
      cwd: '/',
      // A session of its own: no terminal can end it together with whoever started the daemon there.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#child = child
    child.unref()
    if (child.stdin !== null && child.stdin !== undefined) {
      Reflect.get(child.stdin, 'unref')?.call(child.stdin)
      // It is gone, which its exit tells.
      child.stdin.on('error', () => {})
    }
    child.once('error', ({ message }) => {
      const text = `Cannot run a keeper: ${message}; until one runs, a daemon that dies is started again by the next command only`
      if (text !== this.#problem) onProblem(text)
      this.#problem = text
      this.#again()
    })
    child.once('spawn', () => {
      this.#problem = ''
    })
    child.once('exit', () => this.#again())
  }

  /** Somebody killed it. */
  #again(): void {
    this.#child = undefined
    if (this.#hasLeft) return
    const cancel = this.#options.clock.timer(NEXT_KEEPER_MS, () => this.#begin())
    this.#cancelTimers.push(cancel)
  }
}

/** Sends keepers away that wait to start a daemon: what they could not do is done. */
export function endTrying({ directory, keeperGaveUp }: Home): void {
  rmSync(keeperGaveUp, { force: true })
  for (const name of namesIn(directory)) if (TRYING.test(name)) rmSync(join(directory, name), { force: true })
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}
