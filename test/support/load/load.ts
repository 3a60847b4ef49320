import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { until } from '../until.ts'
import type { LoadReport, Outcomes } from './outcomes.ts'
import type { LoadOptions } from './target.ts'

export type { LoadFailure, LoadReport, Outcomes } from './outcomes.ts'
export { NO_OUTCOMES } from './outcomes.ts'
export type { LoadKind, LoadOptions } from './target.ts'

interface CleanUp {
  after(callback: () => void): void
}

/** Sends requests from a process of its own until it is stopped; resolves when the first was answered. */
export async function load(t: CleanUp, options: LoadOptions, launcher?: readonly string[]): Promise<Load> {
  const started = new Load(options, launcher)
  t.after(() => started.kill())
  await started.answers(1)
  return started
}

export class Load {
  readonly #child
  readonly #waiting: { resolve(report: LoadReport): void; reject(error: Error): void }[] = []

  /** `launcher` runs a program elsewhere, such as in another network namespace. */
  constructor(options: LoadOptions, launcher: readonly string[] = []) {
    const program = fileURLToPath(import.meta.url).replace(/load(\.[jt]s)$/, 'process$1')
    const [command = process.execPath, ...args] = [...launcher, process.execPath, program]
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#waiting.shift()?.resolve(JSON.parse(line))
    })
    this.#child.once('exit', (code, signal) => {
      const error = new Error(`the load generator ended with ${code ?? signal}`)
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    })
    this.#child.stdin.on('error', () => {})
    this.#child.stdin.write(`${JSON.stringify(options)}\n`)
    // A test that failed half-way must be able to end; the clients end with it.
    this.#child.unref()
    for (const stream of [this.#child.stdin, this.#child.stdout]) (stream as Socket).unref()
  }

  /** The counts so far. */
  report(): Promise<LoadReport> {
    return this.#ask('report')
  }

  /** Waits until so many more requests were answered well. */
  async answers(count: number, within = '20s'): Promise<void> {
    const before = (await this.report()).outcomes.ok
    await until(async () => (await this.report()).outcomes.ok - before >= count, {
      within,
      show: () => this.report(),
    })
  }

  /** Lets the clients finish what they began; returns all counts. */
  stop(): Promise<LoadReport> {
    return this.#ask('stop')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #ask(what: 'report' | 'stop'): Promise<LoadReport> {
    const stdout = this.#child.stdout as Socket
    return new Promise<LoadReport>((resolve, reject) => {
      if (this.#child.exitCode !== null) {
        reject(new Error('the load generator has ended'))
        return
      }
      this.#waiting.push({ resolve, reject })
      stdout.ref()
      this.#child.stdin.write(`${what}\n`)
    }).finally(() => stdout.unref())
  }
}

/** How many requests were lost, of all kinds. */
export function lost({ ok: _, ...failures }: Outcomes): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0)
}

export function asked(outcomes: Outcomes): number {
  return outcomes.ok + lost(outcomes)
}
