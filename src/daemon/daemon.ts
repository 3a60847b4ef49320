// A daemon, put together: lock, adopt, start what is missing, open the doors. One way in, however the last one ended.
import { readFileSync } from 'node:fs'
import { systemClock } from '../base/clock.ts'
import type { DaemonStatus } from '../protocol/status.ts'
import { PROTOCOL_VERSION } from '../protocol/version.ts'
import { Supervisor } from '../supervisor/supervisor.ts'
import { agentSockets } from './agent-server.ts'
import { controlServer } from './control-server.ts'
import { lockHome } from './daemon-lock.ts'
import { EventFeed } from './event-feed.ts'
import { HomeGuard } from './guard/home-guard.ts'
import { SocketFile } from './guard/socket-file.ts'
import type { Home } from './home.ts'
import { removePublicFolder } from './home.ts'
import { Opened } from './opened.ts'
import type { LoadedState } from './state/load-state.ts'
import { StateFile } from './state/state-file.ts'

/** Where a daemon tells what it does. */
export interface DaemonLog {
  event(event: string, app: string, instance: number | null, text: string): void
  problem(event: string, text: string): void
}

export interface Daemon {
  readonly supervisor: Supervisor
  readonly adopted: number
  /** Calls back at every change of an app. */
  onChange(callback: () => void): void
  /** Closes the doors and lets go of the workers, or ends them. Safe to call twice. */
  leave(keepWorkers: boolean): Promise<void>
  /** Resolves when it has left, whoever asked for it. */
  readonly left: Promise<void>
}

/** Throws when it cannot begin; what was opened by then is closed. */
export async function openDaemon(
  home: Home,
  log: DaemonLog,
  loadRecords: () => Promise<LoadedState>,
): Promise<Daemon> {
  const opened = new Opened()
  try {
    return await open(home, log, loadRecords, opened)
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function open(
  home: Home,
  log: DaemonLog,
  loadRecords: () => Promise<LoadedState>,
  opened: Opened,
): Promise<Daemon> {
  const guard = new HomeGuard(home, await lockHome(home), systemClock, log)
  opened.add(() => guard.release())
  const startedMs = systemClock.monotonicMs()
  const events = new EventFeed()
  const watchers = new Set<() => void>()
  const { apps, isDamaged, problem } = await loadRecords()
  if (problem !== undefined) log.problem('state', problem)
  let isComplete = false
  const supervisor = new Supervisor(home, systemClock, {
    changed() {
      // A daemon that cannot take over everything must not write down the part that it could.
      if (isComplete) state.save()
      for (const watcher of watchers) watcher()
    },
    event(event) {
      log.event(event.event, event.app, event.instance, event.text)
      events.publish(event)
    },
    problem: (event, text) => log.problem(event, text),
  })
  opened.add(() => supervisor.letGo())
  const state = new StateFile({
    path: home.stateFile,
    clock: systemClock,
    collect: () => supervisor.records(),
    onProblem: (text) => log.problem('state', text),
  })
  opened.add(() => supervisor.workers.length === 0 && removePublicFolder(home))
  const sockets = agentSockets(home, supervisor)
  for (const socket of sockets) {
    opened.add(() => socket.close())
    await socket.open()
  }
  const adopted = await supervisor.adopt(apps, { endUnwanted: !isDamaged })
  const server = controlServer({
    supervisor,
    events,
    logDirectory: home.logDirectory,
    leave,
    status: () => daemonStatus(home, supervisor, startedMs),
  })
  const control = new SocketFile({ server, path: home.controlSocket, mode: 0o600 })
  opened.add(() => {
    control.close()
    server.closeAllConnections()
  })
  await control.open()
  isComplete = true
  state.save()
  opened.add(() => guard.close())
  guard.watch([...sockets, control], { restored: () => state.saveAgain(), lost: () => void abandon() })

  let hasLeft: () => void = () => {}
  const left = new Promise<void>((resolve) => {
    hasLeft = resolve
  })
  let leaving: Promise<void> | undefined
  function leave(keepWorkers: boolean): Promise<void> {
    leaving ??= (async () => {
      if (!keepWorkers) await Promise.all(supervisor.apps.map((app) => app.halt(() => {})))
      await state.saved()
      await opened.close()
      hasLeft()
    })()
    return leaving
  }

  /** Another daemon has the home, and the files in it. It does not know these workers: nobody could end them any more. */
  function abandon(): Promise<void> {
    leaving ??= (async () => {
      for (const socket of [...sockets, control]) socket.letGo()
      void guard.close()
      await Promise.all(supervisor.apps.map((app) => app.halt(() => {})))
      await supervisor.letGo()
      hasLeft()
    })()
    return leaving
  }

  return { supervisor, adopted, leave, left, onChange: (callback) => void watchers.add(callback) }
}

function daemonStatus(home: Home, supervisor: Supervisor, startedMs: number): DaemonStatus {
  return {
    pid: process.pid,
    version: packageVersion(),
    protocol: PROTOCOL_VERSION,
    node: process.version,
    home: home.directory,
    // As the clock is set now: it may have been set since.
    startedAtMs: Math.round(systemClock.nowMs() - (systemClock.monotonicMs() - startedMs)),
    memoryBytes: process.memoryUsage.rss(),
    apps: supervisor.apps.length,
    workers: supervisor.workers.length,
  }
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
