import { Failure } from '../../base/failure.ts'
import type { Command, Context } from '../command.ts'
import { hasOption, JSON_OPTION } from '../command.ts'
import { ensureDaemon } from '../ensure-daemon.ts'
import { followOperation } from '../follow-operation.ts'
import { shownBytes, shownDuration } from '../terminal/quantities.ts'

const ACTIONS: Readonly<Record<string, (context: Context) => Promise<number | undefined>>> = {
  start: startDaemon,
  stop: stopDaemon,
  status: showStatus,
  run: runHere,
}

export const daemon: Command = {
  name: 'daemon',
  summary: 'start, stop or look at the daemon',
  usage: '<start|stop|status|run>',
  options: [
    { flags: '--keep-workers', help: 'stop: let the apps go on; the next daemon takes them over' },
    JSON_OPTION,
  ],
  examples: ['upkeep daemon status', 'upkeep daemon stop', 'upkeep daemon stop --keep-workers'],
  arguments: [1, 1],
  async run(context) {
    const action = ACTIONS[context.args[0] ?? '']
    if (action !== undefined) return await action(context)
    throw new Failure('USAGE', `Cannot do that: "${context.args[0]}" is not one of start, stop, status, run`)
  },
}

async function startDaemon({ client, home, out }: Context): Promise<undefined> {
  const { isNew } = await ensureDaemon(client, home)
  const { pid } = await client.daemon()
  out.print(isNew ? `The daemon runs with pid ${pid}` : `The daemon runs already with pid ${pid}`)
  return undefined
}

async function stopDaemon(context: Context): Promise<number | undefined> {
  const { client, out, signal } = context
  const keepWorkers = hasOption(context, 'keepWorkers')
  let pid: number
  try {
    pid = (await client.daemon()).pid
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'DAEMON_UNREACHABLE') throw error
    out.say('No daemon runs.')
    return undefined
  }
  const status = await followOperation(context, 'stopping the daemon', (onEvent) =>
    client.stopDaemon({ keepWorkers, onEvent, signal }),
  )
  await untilGone(pid)
  if (!hasOption(context, 'json')) out.print(keepWorkers ? 'The daemon left; apps go on' : 'The daemon left')
  return status
}

async function untilGone(pid: number): Promise<void> {
  const deadlineMs = performance.now() + 10_000
  while (performance.now() < deadlineMs && isAlive(pid))
    await new Promise((resolve) => setTimeout(resolve, 10))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function showStatus(context: Context): Promise<undefined> {
  const { client, out, nowMs } = context
  const status = await client.daemon()
  if (hasOption(context, 'json')) out.printJson(status)
  else {
    const { pid, version, node, home, startedAtMs, memoryBytes, apps, workers } = status
    out.print(`The daemon runs with pid ${pid} since ${shownDuration(nowMs() - startedAtMs)}`)
    out.print(`  Upkeep ${version} on Node ${node}, home ${home}`)
    out.print(`  ${apps} apps, ${workers} workers, ${shownBytes(memoryBytes)} of memory`)
  }
  return undefined
}

async function runHere({ home }: Context): Promise<undefined> {
  const { runDaemon } = await import('../../daemon/run-daemon.ts')
  await runDaemon({ home })
  return undefined
}
