import { tryParseDuration } from '../../base/duration.ts'
import { Failure } from '../../base/failure.ts'
import type { DaemonStatus } from '../../protocol/status.ts'
import type { Command, Context } from '../command.ts'
import { hasOption, JSON_OPTION, textOption } from '../command.ts'
import { daemonCommand } from '../daemon-command.ts'
import { Progress } from '../terminal/progress.ts'

const DEFAULT_TIMEOUT = '10s'
const MOST_MS = 600_000

export const upgrade: Command = {
  name: 'upgrade',
  summary: 'replace the daemon by this version of Upkeep, on this Node, while apps go on',
  usage: '',
  options: [
    { flags: '--timeout <time>', help: `how long each step of the new daemon may take (${DEFAULT_TIMEOUT})` },
    JSON_OPTION,
  ],
  examples: ['npm install --global upkeep && upkeep upgrade', '/opt/upkeep-2.0/bin/upkeep upgrade'],
  arguments: [0, 0],
  async run(context) {
    const { client, out } = context
    const timeoutMs = timeoutOf(context)
    const before = await client.daemon()
    await handedOver(context, timeoutMs)
    const now = await client.daemon()
    if (hasOption(context, 'json')) out.printJson(now)
    else out.print(`The daemon was upgraded: ${described(before)} -> ${described(now)}; ${goingOn(now)}`)
    return undefined
  },
}

async function handedOver(context: Context, timeoutMs: number): Promise<void> {
  const { client, out, clock } = context
  const progress = new Progress(out, clock, 'the new daemon takes over')
  try {
    await client.upgradeDaemon({ command: daemonCommand(), timeoutMs })
  } catch (error) {
    throw explained(error)
  } finally {
    progress.stop()
  }
}

function explained(error: unknown): unknown {
  if (!(error instanceof Failure) || error.code !== 'ROUTE_UNKNOWN') return error
  return new Failure('UPGRADE_FAILED', 'Cannot upgrade the daemon: it is too old to hand over', {
    hint: 'Use "upkeep daemon stop --keep-workers" and "upkeep daemon start"; apps go on',
    cause: error,
  })
}

function timeoutOf(context: Context): number {
  const text = textOption(context, 'timeout') ?? DEFAULT_TIMEOUT
  const timeoutMs = tryParseDuration(text)
  if (timeoutMs !== undefined && timeoutMs >= 1 && timeoutMs <= MOST_MS) return timeoutMs
  throw new Failure('USAGE', `Cannot read --timeout "${text.slice(0, 50)}": it must be 1ms to 10m`, {
    hint: /^\d{1,9}$/.test(text) ? `It needs a unit: --timeout ${text}s` : 'Examples: 5s, 1m',
  })
}

function described({ version, node, pid }: DaemonStatus): string {
  return `${version} on Node ${node} (pid ${pid})`
}

function goingOn({ workers }: DaemonStatus): string {
  return `${workers} worker${workers === 1 ? '' : 's'} went on`
}
