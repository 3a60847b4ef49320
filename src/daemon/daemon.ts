// A daemon, put together: lock, adopt, start what is missing, open the doors. One way in, however the last one ended.
import { systemClock } from '../base/clock.ts'
import { Failure } from '../base/failure.ts'
import type { UpgradeRequest, UpgradeResult } from '../protocol/control.ts'
import type { DaemonStatus } from '../protocol/status.ts'
import { PROTOCOL_VERSION } from '../protocol/version.ts'
import type { AppSocket } from '../supervisor/supervisor.ts'
import { Supervisor } from '../supervisor/supervisor.ts'
import { agentSockets } from './agent-server.ts'
import { controlServer } from './control-server.ts'
import type { HomeLock } from './daemon-lock.ts'
import { lockHome } from './daemon-lock.ts'
import { EventFeed, KEPT_EVENTS } from './event-feed.ts'
import { EventFile } from './event-file.ts'
import { HomeGuard } from './guard/home-guard.ts'
import { SocketFile } from './guard/socket-file.ts'
import { sweepHeap } from './heap-sweeper.ts'
import type { Home } from './home.ts'
import { removePublicFolder } from './home.ts'
import { endTrying } from './keeper.ts'
import { Opened } from './opened.ts'
import { OperationGate } from './operation-gate.ts'
import { sweepAbandoned } from './outside/sweep.ts'
import { PACKAGE_VERSION } from './package-version.ts'
import type { LoadedState } from './state/load-state.ts'
import { StateFile } from './state/state-file.ts'

/** Where a daemon tells what it does. */
export interface DaemonLog {
  event(event: string, app: string, instance: number | null, text: string): void
  problem(event: string, text: string): void
}

/** What another daemon leaves to this one. */
export interface Inheritance {
  readonly lock: HomeLock
  readonly sockets: readonly AppSocket[]
  /** What it was doing. */
  loadRecords(): Promise<LoadedState>
  /** Resolves when this daemon is the one: until then it writes nothing down. */
  confirmed(): Promise<void>
}

export interface DaemonParts {
  readonly home: Home
  readonly log: DaemonLog
  loadRecords(): Promise<LoadedState>
  readonly inheritance?: Inheritance
  /** What the control socket is asked for and only the program around can do. */
  readonly program?: DaemonProgram
}

export interface DaemonProgram {
  keeperPid(): number | null
  upgrade(request: UpgradeRequest): Promise<UpgradeResult>
  /** Called first of all when the daemon is asked to leave. */
  leaving(): Promise<void>
}

export interface Daemon {
  readonly supervisor: Supervisor
  readonly adopted: number
  readonly lock: HomeLock
  readonly gate: OperationGate
  /** Whether another daemon could read from disk what this one knows. */
  isSaved(): Promise<boolean>
  /** Calls back at every change of an app. */
  onChange(callback: () => void): void
  /** Closes the doors and lets go of the workers, or ends them. Safe to call twice. */
  leave(keepWorkers: boolean): Promise<void>
  /** Resolves when it has left, whoever asked for it. */
  readonly left: Promise<void>
  /** Lets go of the workers for another daemon. What is left is the control socket, and the lock. */
  release(): Promise<readonly AppSocket[]>
  /** Answers what was asked before, and nothing else: another daemon has the control socket. */
  closeDoor(): void
}

/** Throws when it cannot begin; what was opened by then is closed. */
export async function openDaemon(parts: DaemonParts): Promise<Daemon> {
  const opened = new Opened()
  try {
    return await open(parts, opened)
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function open(
  { home, log, loadRecords, inheritance, program = FOREGROUND }: DaemonParts,
  opened: Opened,
): Promise<Daemon> {
  const guard = new HomeGuard(home, inheritance?.lock ?? (await lockHome(home)), systemClock, log)
  opened.add(() => guard.release())
  opened.add(sweepHeap(systemClock))
  const startedMs = systemClock.monotonicMs()
  const eventFile = new EventFile(home.eventFile)
  const events = new EventFeed(eventFile.recent(KEPT_EVENTS))
  const watchers = new Set<() => void>()
  const gate = new OperationGate()
  const leavingStreams = new AbortController()
  const { apps, isDamaged, problem } = await (inheritance ?? { loadRecords }).loadRecords()
  if (problem !== undefined) log.problem('state', problem)
  // A daemon that cannot take over everything must not write down the part that it could.
  let maySave = false
  const supervisor = new Supervisor(home, systemClock, {
    changed() {
      if (maySave) state.save()
      for (const watcher of watchers) watcher()
    },
    event(event) {
      log.event(event.event, event.app, event.instance, event.text)
      eventFile.append(event)
      events.publish(event)
    },
    problem: (event, text) => log.problem(event, text),
  })
  const state = new StateFile({
    path: home.stateFile,
    clock: systemClock,
    collect: () => supervisor.records(),
    onProblem: (text) => log.problem('state', text),
  })
  const workersAndAgents = new Opened()
  opened.add(() => workersAndAgents.close())
  workersAndAgents.add(() => supervisor.letGo())
  workersAndAgents.add(() => supervisor.workers.length === 0 && removePublicFolder(home))
  const agents = agentSockets(home, supervisor)
  for (const socket of agents) {
    workersAndAgents.add(() => socket.close())
    await socket.open()
  }
  const sockets = inheritance?.sockets ?? []
  // What it would begin now could be taken back.
  if (inheritance !== undefined) gate.shut()
  const adopted = await supervisor.adopt(apps, { endUnwanted: !isDamaged, sockets })
  const server = controlServer({
    supervisor,
    events,
    logDirectory: home.logDirectory,
    gate,
    leaving: leavingStreams.signal,
    leave,
    upgrade: (request) => program.upgrade(request),
    status: () => ({
      ...ownStatus(home, startedMs),
      apps: supervisor.apps.length,
      workers: supervisor.workers.length,
      keeperPid: program.keeperPid(),
    }),
  })
  const control = new SocketFile({ server, path: home.controlSocket, mode: 0o600 })
  opened.add(() => {
    control.close()
    server.closeAllConnections()
  })
  await control.open()
  await inheritance?.confirmed()
  gate.open()
  if (program === FOREGROUND) endTrying(home)
  maySave = true
  state.save()
  opened.add(() => guard.close())
  void sweepAbandoned(home)
  guard.watch([...agents, control], { restored: () => state.saveAgain(), lost: () => void abandon() })

  let hasLeft: () => void = () => {}
  const left = new Promise<void>((resolve) => {
    hasLeft = resolve
  })
  let leaving: Promise<void> | undefined
  function leave(keepWorkers: boolean): Promise<void> {
    leaving ??= (async () => {
      await program.leaving()
      // Also no keeper of an earlier daemon starts one again. After a hand-over it may be needed for the new one.
      if (maySave) endTrying(home)
      if (!keepWorkers) await Promise.all(supervisor.apps.map((app) => app.halt(() => {})))
      if (maySave) await state.saved()
      await opened.close()
      hasLeft()
    })()
    return leaving
  }

  /** Another daemon has the home, and the files in it. It does not know these workers: nobody could end them any more. */
  function abandon(): Promise<void> {
    leaving ??= (async () => {
      await program.leaving()
      for (const socket of [...agents, control]) socket.close()
      void guard.close()
      await Promise.all(supervisor.apps.map((app) => app.halt(() => {})))
      await supervisor.letGo()
      hasLeft()
    })()
    return leaving
  }

  async function release(): Promise<readonly AppSocket[]> {
    await guard.close()
    await supervisor.freeze()
    await state.saved()
    maySave = false
    leavingStreams.abort()
    for (const socket of agents) socket.close()
    const released = await supervisor.release()
    // Nothing of it is ours any more.
    workersAndAgents.forget()
    return released
  }

  return {
    supervisor,
    adopted,
    gate,
    isSaved: () => state.isSaved(),
    get lock() {
      return guard.lock
    },
    leave,
    left,
    release,
    closeDoor() {
      control.close()
      server.closeIdleConnections()
    },
    onChange: (callback) => void watchers.add(callback),
  }
}

/** A daemon that somebody else looks after. */
const FOREGROUND: DaemonProgram = {
  keeperPid: () => null,
  leaving: async () => {},
  async upgrade() {
    throw new Failure('UPGRADE_FAILED', 'Cannot upgrade the daemon: it runs in the foreground', {
      hint: 'Use "upkeep daemon stop --keep-workers": what started it there starts the new one; apps go on',
    })
  },
}

function ownStatus(home: Home, startedMs: number): Omit<DaemonStatus, 'apps' | 'workers' | 'keeperPid'> {
  return {
    pid: process.pid,
    version: PACKAGE_VERSION,
    protocol: PROTOCOL_VERSION,
    node: process.version,
    home: home.directory,
    // As the clock is set now: it may have been set since.
    startedAtMs: Math.round(systemClock.nowMs() - (systemClock.monotonicMs() - startedMs)),
    memoryBytes: process.memoryUsage.rss(),
  }
}
