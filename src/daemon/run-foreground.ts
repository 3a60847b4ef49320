// Apps in the foreground, for containers: what they write goes to stdout and stderr, signals stop them in order, and the
// exit status is theirs.
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Failure } from '../base/failure.ts'
import type { AppSpec } from '../protocol/app-spec.ts'
import type { AppStatus } from '../protocol/status.ts'
import type { App } from '../supervisor/app/app.ts'
import type { Daemon, DaemonLog } from './daemon.ts'
import { openDaemon } from './daemon.ts'
import type { Home } from './home.ts'
import { ensureHome } from './home.ts'
import { ownFolder } from './outside/folder-owner.ts'
import type { LoadedState } from './state/load-state.ts'
import { loadState, NOTHING_LOADED } from './state/load-state.ts'

export interface ForegroundOptions {
  /** Where the control socket is, so that `upkeep list` works beside it. @default a temporary folder */
  readonly home?: string | undefined
  readonly writeOut: (text: string) => void
  readonly writeError: (text: string) => void
  /** Ends the apps as SIGTERM does. */
  readonly signal: AbortSignal
}

/** Where these apps come from, as state.json has it. */
const SOURCE = 'foreground'

/** Files are only a buffer here: the platform keeps the output. */
const FOREGROUND_LOGS = { maxSizeBytes: 1_000_000, keep: 1, compress: false } as const

/** Runs the apps until all have ended or a signal came. Returns the exit status: the app's, or that of the first to fail. */
export async function runForeground(specs: readonly AppSpec[], options: ForegroundOptions): Promise<number> {
  const temporary = options.home === undefined ? mkdtempSync(join(tmpdir(), 'upkeep-')) : undefined
  const home = ensureHome(options.home ?? temporary ?? '')
  if (temporary !== undefined) ownFolder(temporary)
  try {
    const daemon = await openDaemon({
      home,
      log: foregroundLog(options),
      loadRecords: () => refuseOthers(home),
    })
    return await superviseUntilEnd(daemon, specs, options)
  } finally {
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true })
  }
}

/** Who begins without the apps of a home ends their workers and forgets them. */
async function refuseOthers({ directory, stateFile }: Home): Promise<LoadedState> {
  const { apps } = await loadState(stateFile)
  const others = apps.filter(({ source }) => source !== SOURCE).map(({ spec }) => spec.name)
  if (others.length === 0) return NOTHING_LOADED
  throw new Failure('HOME_UNSAFE', `Cannot run in "${directory}": it is the home of ${others.join(', ')}`, {
    hint: 'Leave out --home, or name another folder',
  })
}

async function superviseUntilEnd(
  daemon: Daemon,
  specs: readonly AppSpec[],
  options: ForegroundOptions,
): Promise<number> {
  const output = printOutput(daemon, options, specs.length > 1)
  let asked: NodeJS.Signals | undefined
  const onSignal = (signal: NodeJS.Signals) => {
    asked ??= signal
    if (signal === 'SIGINT') daemon.supervisor.forwardedSignal = signal
    void daemon.leave(false)
  }
  // Workers are in sessions of their own: a terminal that is closed does not end them.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal)
  options.signal.addEventListener('abort', () => onSignal('SIGTERM'), { once: true })
  const problem = await startAll(daemon, specs)
  if (problem === undefined) await Promise.race([untilOver(daemon), daemon.left])
  await Promise.all(daemon.supervisor.apps.map((app) => app.explained()))
  const status = worstStatus(daemon.supervisor.statuses())
  await daemon.leave(false)
  await output.end()
  // What a worker said before it ended is on stderr already, and its exit status is ours.
  if (problem !== undefined && asked === undefined && status === 0) throw problem
  return status
}

async function startAll(daemon: Daemon, specs: readonly AppSpec[]): Promise<unknown> {
  const apps = specs.map((spec) => {
    const logs = { ...spec.logs, ...FOREGROUND_LOGS }
    return daemon.supervisor.add({ ...spec, logs }, SOURCE)
  })
  const results = await Promise.allSettled(apps.map((app) => app.start(() => {})))
  return results.find((result) => result.status === 'rejected')?.reason
}

async function untilOver(daemon: Daemon): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = () => {
      if (daemon.supervisor.apps.every(hasEnded)) resolve()
    }
    daemon.onChange(look)
    look()
  })
}

/** A job that crashes is over, and its status tells; a server is started again. */
function hasEnded(app: App): boolean {
  const ends = app.hasListened
    ? ['finished', 'failed', 'stopped']
    : ['finished', 'failed', 'stopped', 'waiting']
  return app.status().instances.every(({ state }) => ends.includes(state))
}

/** As a shell tells it: 128 and the signal's number for a worker that a signal ended. */
function worstStatus(statuses: readonly AppStatus[]): number {
  const exits = statuses.flatMap(({ instances }) => instances.map(({ lastExit }) => lastExit))
  const numbers = exits.map((exit) => {
    if (exit === null) return 0
    if (exit.signal === null) return exit.code ?? 0
    return 128 + (constants.signals[exit.signal as NodeJS.Signals] ?? 0)
  })
  return numbers.find((number) => number !== 0) ?? 0
}

function printOutput(
  daemon: Daemon,
  { writeOut, writeError }: ForegroundOptions,
  isNamed: boolean,
): { end(): Promise<void> } {
  const leaving = new AbortController()
  const entries = daemon.supervisor.feed.subscribe({}, leaving.signal)
  const printing = (async () => {
    for await (const { app, instance, stream, line } of entries) {
      const write = stream === 'stdout' ? writeOut : writeError
      write(isNamed ? `${app} ${instance} | ${line}\n` : `${line}\n`)
    }
  })()
  return {
    async end() {
      leaving.abort()
      await printing
    },
  }
}

function foregroundLog({ writeError }: ForegroundOptions): DaemonLog {
  return {
    event() {},
    problem: (_event, text) => writeError(`upkeep: ${text}\n`),
  }
}
