// A machine with systemd as its first process: this one's file system with a layer on top, in namespaces of its own. What a
// test does there is gone when it ends.
import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { packageRoot } from './package-root.ts'
import { isAlive, kill } from './processes.ts'
import { until } from './until.ts'

/** Where Upkeep and its Node.js are in there. */
export const MACHINE_PACKAGE = '/opt/upkeep'
export const MACHINE_NODE = '/opt/node/bin/node'
export const MACHINE_CLI = [MACHINE_NODE, `${MACHINE_PACKAGE}/dist/cli/main.js`] as const

/** A user without rights, with a home. */
export const DEPLOY = 'deploy'

const COMMAND_TIMEOUT_MS = 120_000
const MACHINE_ENV = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' }

export interface MachineResult {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** A booted machine, or undefined after the test was skipped with the reason. */
export async function machineOrSkip(t: TestContext): Promise<Machine | undefined> {
  const reason = whyNoMachine()
  if (reason !== undefined) {
    t.skip(reason)
    return undefined
  }
  const machine = new Machine()
  t.after(() => machine.close())
  await machine.boot()
  return machine
}

/** What this machine cannot do; everything else that goes wrong is a failure. */
function whyNoMachine(): string | undefined {
  if (process.platform !== 'linux') return 'impossible here: systemd needs Linux'
  if (process.getuid?.() !== 0) return 'impossible here: a machine with systemd needs root'
  for (const program of ['systemd-nspawn', 'nsenter', 'setpriv'])
    if (spawnSync(program, ['--version']).status !== 0) return `${program} is not installed`
  const mount =
    'mount -t tmpfs x /mnt && mkdir /mnt/u /mnt/w && mount -t overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w x /mnt'
  if (spawnSync('unshare', ['--mount', '--pid', '--fork', 'sh', '-c', mount]).status !== 0)
    return 'impossible here: no namespaces with file systems of their own'
  return canMakeCgroups() ? undefined : 'impossible here: no cgroups of our own'
}

function canMakeCgroups(): boolean {
  const trials = cgroupRoots().map((root) => `${root}/upkeep-trial-${process.pid}`)
  try {
    for (const trial of trials) mkdirSync(trial)
    return trials.length > 0
  } catch {
    return false
  } finally {
    for (const trial of trials) isFolderRemoved(trial)
  }
}

/** The hierarchies that systemd keeps its services in. */
function cgroupRoots(): string[] {
  const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified', '/sys/fs/cgroup/systemd']
  return roots.filter((root) => existsSync(`${root}/cgroup.procs`))
}

export class Machine {
  readonly #folder = mkdtempSync(join(tmpdir(), 'upkeep-machine-'))
  readonly #cgroups = cgroupRoots().map((root) => `${root}/upkeep-machine-${process.pid}`)
  #container: ChildProcess | undefined
  #console = ''

  async boot(): Promise<void> {
    for (const cgroup of this.#cgroups) mkdirSync(cgroup, { recursive: true })
    const init = join(packageRoot, 'test', 'support', 'machine-init.sh')
    const options = [
      `--machine=upkeep-${process.pid}`,
      `--bind-ro=${packageRoot}:${MACHINE_PACKAGE}`,
      `--bind-ro=${realpathSync(process.execPath)}:${MACHINE_NODE}`,
    ]
    // It goes when this process goes, and takes its processes and mounts with it.
    const namespaces = ['unshare', '--mount', '--pid', '--mount-proc', '--fork', '--kill-child=KILL']
    const args = [
      '--pdeathsig',
      'KILL',
      ...namespaces,
      'sh',
      init,
      this.#folder,
      ...this.#cgroups,
      '--',
      ...options,
    ]
    const container = spawn('setpriv', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [container.stdout, container.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#console += text
      })
    }
    this.#container = container
    await this.#untilBooted()
  }

  /** Runs a program in there. */
  run(...command: readonly string[]): Promise<MachineResult> {
    const { leader } = this
    if (leader === undefined) throw new Error(`the machine is off\n${this.#console}`)
    const args = ['-t', String(leader), '-a', ...command]
    const options = { timeout: COMMAND_TIMEOUT_MS, killSignal: 'SIGKILL', env: MACHINE_ENV } as const
    return new Promise((resolve) => {
      execFile('nsenter', args, options, (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 255
        resolve({ status, stdout, stderr })
      })
    })
  }

  /** Runs a program that must succeed; returns what it printed. */
  async ok(...command: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(...command)
    assert.equal(status, 0, `${command.join(' ')}\n${stdout}${stderr}${await this.journal()}`)
    return stdout
  }

  async journal(): Promise<string> {
    return (await this.run('journalctl', '--no-pager', '--output=short-precise', '--lines=60')).stdout
  }

  /** Ends when the machine is up again. */
  async reboot(): Promise<void> {
    const before = this.leader
    await this.run('systemctl', 'reboot')
    const show = () => this.#console
    await until(() => this.leader !== undefined && this.leader !== before, { within: '100s', show })
    await this.#untilBooted()
  }

  /** A path in there, from here. */
  path(inside: string): string {
    return `/proc/${this.leader}/root${inside}`
  }

  /** What runs a program of this machine's files in the network of that one. */
  get inNetwork(): readonly string[] {
    return ['nsenter', '-t', String(this.leader), '-n']
  }

  /** Its first process, as seen from here: below unshare, the script and systemd-nspawn. */
  get leader(): number | undefined {
    return onlyChild(onlyChild(onlyChild(this.#container?.pid)))
  }

  async close(): Promise<void> {
    const pid = this.#container?.pid
    if (pid !== undefined) {
      kill(pid)
      await until(() => !isAlive(pid))
    }
    await until(() => this.#cgroups.every(isRemoved), { show: () => this.#cgroups })
    await until(() => isFolderRemoved(this.#folder))
  }

  async #untilBooted(): Promise<void> {
    const isUp = async () => {
      const { stdout } = await this.run('systemctl', 'is-system-running')
      return /^(?:running|degraded)$/m.test(stdout)
    }
    await until(isUp, { within: '100s', show: () => this.#console })
  }
}

function onlyChild(pid: number | undefined): number | undefined {
  try {
    const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
    return child === '' ? undefined : Number(child)
  } catch {
    return undefined
  }
}

/** Removes a cgroup and those below it; false while something is still in one of them. */
function isRemoved(cgroup: string): boolean {
  if (!existsSync(cgroup)) return true
  for (const entry of readdirSync(cgroup, { withFileTypes: true }))
    if (entry.isDirectory()) isRemoved(join(cgroup, entry.name))
  return isFolderRemoved(cgroup)
}

function isFolderRemoved(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch {
    return false
  }
}
