import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../base/failure.ts'
import { nearestName } from '../../base/nearest-name.ts'
import { isDaemonAbsent } from '../../client/daemon-absent.ts'
import type { DaemonStatus } from '../../protocol/status.ts'
import type { Command, Context } from '../command.ts'
import { hasOption, JSON_OPTION } from '../command.ts'
import { ensureDaemon } from '../ensure-daemon.ts'
import { followOperation } from '../follow-operation.ts'
import { ourWordFor } from '../other-words.ts'
import { isAlive } from '../process-alive.ts'
import { shownBytes, shownDuration } from '../terminal/quantities.ts'

const LEAVE_TIMEOUT_MS = 10_000
const LEAVE_POLL_MS = 10
/** A daemon with many workers to take over answers late. */
const ANSWER_TIMEOUT_MS = 60_000

const ACTIONS: Readonly<Record<string, (context: Context) => Promise<number | undefined>>> = {
  start: startDaemon,
  stop: stopDaemon,
  status: showStatus,
  run: runHere,
  wait: waitForDaemon,
}

export const daemon: Command = {
  name: 'daemon',
  summary: 'start, stop or look at the daemon',
  usage: '<start|stop|status|run|wait>',
  options: [
    { flags: '--keep-workers', help: 'stop: let the apps go on; the next daemon takes them over' },
    JSON_OPTION,
  ],
  examples: [
    'upkeep daemon status',
    'upkeep daemon stop',
    'upkeep daemon stop --keep-workers',
    'upkeep daemon run                  # in the foreground, for an init system',
    'upkeep daemon wait                 # until it answers, for an init system',
  ],
  arguments: [1, 1],
  async run(context) {
    const [name = ''] = context.args
    if (Object.hasOwn(ACTIONS, name)) return await ACTIONS[name]?.(context)
    const near = nearestName(name, Object.keys(ACTIONS))
    const guess = near === undefined ? 'It is start, stop, status, run or wait' : `Did you mean "${near}"?`
    throw new Failure('USAGE', `Cannot run "upkeep daemon ${name.slice(0, 50)}": there is no such command`, {
      hint: ourWordFor('daemon', name) ?? guess,
    })
  },
}

async function startDaemon(context: Context): Promise<undefined> {
  const { client, home, out } = context
  const { isNew } = await ensureDaemon(client, home)
  const status = await client.daemon()
  const { pid } = status
  if (hasOption(context, 'json')) out.printJson(status)
  else out.print(isNew ? `The daemon runs with pid ${pid}` : `The daemon runs already with pid ${pid}`)
  return undefined
}

async function stopDaemon(context: Context): Promise<number | undefined> {
  const { client, out, signal } = context
  const keepWorkers = hasOption(context, 'keepWorkers')
  const running = await tryStatus(context)
  if (running === undefined) {
    out.say('No daemon runs.')
    return undefined
  }
  const status = await followOperation(context, 'stopping the daemon', (onEvent) =>
    client.stopDaemon({ keepWorkers, onEvent, signal }),
  )
  await untilGone(running.pid)
  if (!hasOption(context, 'json')) out.print(keepWorkers ? 'The daemon left; apps go on' : 'The daemon left')
  return status
}

async function tryStatus({ client }: Context): Promise<DaemonStatus | undefined> {
  try {
    return await client.daemon()
  } catch (error) {
    if (isDaemonAbsent(error)) return undefined
    throw error
  }
}

async function untilGone(pid: number): Promise<void> {
  const deadlineMs = performance.now() + LEAVE_TIMEOUT_MS
  while (isAlive(pid)) {
    if (performance.now() > deadlineMs) {
      throw new Failure('DAEMON_UNREACHABLE', `Cannot see the daemon leave: pid ${pid} is still there`, {
        hint: 'Look at daemon.log in its home',
      })
    }
    await sleep(LEAVE_POLL_MS)
  }
}

async function showStatus(context: Context): Promise<undefined> {
  const { client, out, clock } = context
  const status = await client.daemon()
  if (hasOption(context, 'json')) out.printJson(status)
  else {
    const { pid, version, node, home, startedAtMs, memoryBytes, apps, workers } = status
    out.print(`The daemon runs with pid ${pid} since ${shownDuration(clock.nowMs() - startedAtMs)}`)
    out.print(`  Upkeep ${version} on Node ${node}, home ${home}`)
    out.print(
      `  ${counted(apps, 'app')}, ${counted(workers, 'worker')}, ${shownBytes(memoryBytes)} of memory`,
    )
    out.print(`  ${keeping(status)}`)
  }
  return undefined
}

/** Older daemons have none and do not say so. */
function keeping({ keeperPid }: Partial<DaemonStatus>): string {
  if (typeof keeperPid === 'number') return `A keeper (pid ${keeperPid}) starts it again if it dies`
  return 'No keeper: whoever started it has to start it again if it dies'
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

async function waitForDaemon(context: Context): Promise<undefined> {
  const deadlineMs = performance.now() + ANSWER_TIMEOUT_MS
  while ((await tryStatus(context)) === undefined) {
    if (performance.now() > deadlineMs) await context.client.daemon()
    await sleep(LEAVE_POLL_MS)
  }
}

async function runHere({ home }: Context): Promise<undefined> {
  const { runDaemon } = await import('../../daemon/run-daemon.ts')
  await runDaemon({ home })
  return undefined
}
