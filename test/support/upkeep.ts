// The real CLI with a home of its own, as a user has it in a terminal. What a test leaves behind is a failure.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import type { AppStatus, DaemonStatus, InstanceStatus } from '../../src/protocol/status.ts'
import { packageRoot } from './package-root.ts'
import { commandOf, isAlive, kill, processesWith } from './processes.ts'
import { until } from './until.ts'

export interface Result {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  json<T = unknown>(): T
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly timeoutMs?: number
  /** The command line of another version (other-version.ts), and another Node for it. */
  readonly cli?: string
  readonly node?: string
}

export const cliPath = join(packageRoot, 'dist', 'cli', 'main.js')

const COMMAND_TIMEOUT_MS = 60_000

/** A fresh home; everything in it is stopped and removed when the test ends. */
export function upkeep(t: TestContext, env: Readonly<Record<string, string>> = {}): Upkeep {
  const subject = new Upkeep(env)
  t.after(() => subject.close())
  return subject
}

export class Upkeep {
  /** Where the test's files are, and the working folder of the commands. */
  readonly folder = mkdtempSync(join(tmpdir(), 'upkeep-test-'))
  readonly home = join(this.folder, 'home')
  readonly #env: Readonly<Record<string, string>>
  readonly #children = new Set<number>()

  constructor(env: Readonly<Record<string, string>> = {}) {
    this.#env = env
  }

  get env(): Record<string, string> {
    return {
      PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter),
      HOME: this.folder,
      UPKEEP_HOME: this.home,
      LANG: 'C.UTF-8',
      ...this.#env,
    }
  }

  run(...args: readonly string[]): Promise<Result> {
    return this.runWith({}, ...args)
  }

  runWith(options: RunOptions, ...args: readonly string[]): Promise<Result> {
    const { child, ended } = this.spawn(options, ...args)
    const deadline = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? COMMAND_TIMEOUT_MS)
    return ended.finally(() => clearTimeout(deadline))
  }

  /** A command that goes on until the test ends it, such as `logs --follow`. */
  spawn(options: RunOptions, ...args: readonly string[]) {
    const child = spawn(options.node ?? process.execPath, [options.cli ?? cliPath, ...args], {
      cwd: options.cwd ?? this.folder,
      env: { ...this.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { pid } = child
    if (pid !== undefined) this.#children.add(pid)
    const output = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output.stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      output.stderr += chunk
    })
    const ended = new Promise<Result>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (status) => {
        if (pid !== undefined) this.#children.delete(pid)
        resolve({ status, ...output, json: () => parsed(args, output) })
      })
    })
    return { child, output, ended }
  }

  /** Runs a command that must succeed. */
  async ok(...args: readonly string[]): Promise<Result> {
    return this.okWith({}, ...args)
  }

  async okWith(options: RunOptions, ...args: readonly string[]): Promise<Result> {
    const result = await this.runWith(options, ...args)
    assert.equal(
      result.status,
      0,
      `upkeep ${args.join(' ')}\n${result.stdout}${result.stderr}${this.report()}`,
    )
    return result
  }

  /** Runs a command that must fail, and returns what it said. */
  async fails(status: number, ...args: readonly string[]): Promise<Result> {
    const result = await this.run(...args)
    assert.equal(
      result.status,
      status,
      `upkeep ${args.join(' ')}\n${result.stdout}${result.stderr}${this.report()}`,
    )
    return result
  }

  async list(): Promise<readonly AppStatus[]> {
    return (await this.ok('list', '--json')).json<{ apps: AppStatus[] }>().apps
  }

  async app(name: string): Promise<AppStatus> {
    return (await this.ok('show', name, '--json')).json<AppStatus>()
  }

  async instances(name: string): Promise<readonly InstanceStatus[]> {
    return (await this.app(name)).instances
  }

  /** The pids of the current workers, in the order of the instances. */
  async pids(name: string): Promise<number[]> {
    return (await this.instances(name)).flatMap(({ pid }) => pid ?? [])
  }

  async daemon(): Promise<DaemonStatus> {
    return (await this.ok('daemon', 'status', '--json')).json<DaemonStatus>()
  }

  /** Waits until all instances of the app are in this state. */
  async untilState(
    name: string,
    state: InstanceStatus['state'],
    within = '15s',
  ): Promise<readonly InstanceStatus[]> {
    return until(
      async () => {
        const instances = await this.instances(name)
        return instances.every((each) => each.state === state) && instances
      },
      { within, show: async () => [await this.instances(name), this.report()] },
    )
  }

  async logs(name: string, ...options: readonly string[]): Promise<string> {
    return (await this.ok('logs', name, '-n', '1000', ...options)).stdout
  }

  write(name: string, content: string): string {
    const path = join(this.folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    return path
  }

  /** Writes a config file and returns its path. */
  config(apps: readonly object[], name = 'upkeep.config.json'): string {
    return this.write(name, JSON.stringify({ apps }, null, 2))
  }

  /** What the daemon wrote about itself; for the message of a failure. */
  report(): string {
    const logs = filesBelow(this.home).filter((path) => /daemon.*\.(log|json|out)$/.test(path))
    return logs.map((path) => `\n--- ${path}\n${tail(readFileSync(path, 'utf8'))}`).join('')
  }

  /** SIGKILL for the daemon, after its keeper: it stays dead. Returns the pid it had. */
  async killDaemon(): Promise<number> {
    const { pid, keeperPid } = await this.daemon()
    if (keeperPid !== null) kill(keeperPid)
    kill(pid)
    await until(() => !isAlive(pid))
    return pid
  }

  /** SIGKILL for the daemon, and a new one that adopts what runs. */
  async replaceDaemon(): Promise<void> {
    const pid = await this.killDaemon()
    await this.ok('daemon', 'start')
    assert.notEqual((await this.daemon()).pid, pid)
  }

  async close(): Promise<void> {
    for (const pid of this.#children) kill(pid)
    try {
      if (processesWith(this.folder).length > 0) await this.run('daemon', 'stop')
      await until(() => processesWith(this.folder).length === 0, {
        within: '3s',
        show: () => this.#leftovers(),
      })
    } finally {
      for (const pid of processesWith(this.folder)) kill(pid)
      rmSync(this.folder, { recursive: true, force: true })
    }
  }

  #leftovers(): string {
    const left = processesWith(this.folder).map((pid) => `left behind: ${pid} ${commandOf(pid)}`)
    return `${left.join('\n')}${this.report()}`
  }
}

function parsed<T>(args: readonly string[], { stdout, stderr }: { stdout: string; stderr: string }): T {
  try {
    return JSON.parse(stdout)
  } catch (error) {
    throw new Error(`upkeep ${args.join(' ')} did not print JSON:\n${stdout}${stderr}`, { cause: error })
  }
}

function filesBelow(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  } catch {
    return []
  }
}

function tail(text: string, lines = 40): string {
  return text.split('\n').slice(-lines).join('\n')
}
