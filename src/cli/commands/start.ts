import { existsSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { nearestName } from '../../base/nearest-name.ts'
import { isDaemonAbsent } from '../../client/daemon-absent.ts'
import type { ApplyRequest } from '../../protocol/control.ts'
import type { Command, Context } from '../command.ts'
import { hasOption, JSON_OPTION } from '../command.ts'
import { ensureDaemon, reviveDaemon } from '../ensure-daemon.ts'
import { followOperation } from '../follow-operation.ts'
import { printFailure } from '../print-failure.ts'
import { readWish, SCRIPT_OPTIONS, type Wish } from '../read-wish.ts'
import { changes, printChanges } from './diff.ts'

export const start: Command = {
  name: 'start',
  summary: 'start a script, what a config says, or a stopped app',
  usage: '[script|config|app...]',
  options: [
    ...SCRIPT_OPTIONS,
    { flags: '--prune', help: 'remove apps that the config no longer names' },
    { flags: '--keep-going', help: 'start the other apps when one fails' },
    { flags: '--dry-run', help: 'show what would be done' },
    JSON_OPTION,
  ],
  examples: [
    'upkeep start server.js -i max',
    'upkeep start server.ts --name api -- --port 3000',
    'upkeep start                       # upkeep.config.* in this folder',
    'upkeep start upkeep.config.ts --env production --prune',
  ],
  arguments: [0, Number.POSITIVE_INFINITY],
  takesRest: true,
  onInterrupt: 'stop-waiting',
  async run(context) {
    const known = await knownApps(context)
    if (known !== undefined) return await startKnown(context, known)
    if (context.args.length > 1) throw severalScripts(context.args)
    const { specs, source, failures } = await wished(context)
    const keepGoing = hasOption(context, 'keepGoing')
    const request: ApplyRequest = { apps: specs, source, prune: hasOption(context, 'prune'), keepGoing }
    const { client, home, signal, out } = context
    if (hasOption(context, 'dryRun')) {
      for (const failure of failures) printFailure(out, failure)
      printChanges(context, await changes(context, request))
      return failures[0]?.exitStatus
    }
    for (const failure of failures) tellLeftOut(context, failure)
    await ensureDaemon(client, home)
    const title = `starting ${specs.map(({ name }) => name).join(', ')}`
    const status = await followOperation(context, title, (onEvent) =>
      client.apply(request, { onEvent, signal }),
    )
    return status === 0 ? failures[0]?.exitStatus : status
  },
}

/** An app that --keep-going left out is a result like those of the others. */
function tellLeftOut(context: Context, error: Failure): void {
  if (hasOption(context, 'json'))
    context.out.print(JSON.stringify({ type: 'result', app: '', ok: false, error }))
  else printFailure(context.out, error)
}

/** The arguments, if they are names of apps or patterns and not files. */
async function knownApps({ args, cwd, client, home }: Context): Promise<readonly string[] | undefined> {
  if (args.length === 0 || args.some((arg) => existsSync(resolve(cwd, arg)))) return undefined
  // Apps that wait in the state of a daemon that is gone are known too.
  await reviveDaemon(client, home)
  if (args.every((arg) => arg === 'all' || isPattern(arg))) return args
  try {
    const names = new Set((await client.apps()).map(({ name }) => name))
    return args.every((arg) => names.has(arg) || arg === 'all' || isPattern(arg)) ? args : undefined
  } catch (error) {
    if (isDaemonAbsent(error)) return undefined
    throw error
  }
}

async function wished(context: Context): Promise<Wish> {
  const [script] = context.args
  try {
    return await readWish(context, script)
  } catch (error) {
    throw script === undefined ? error : await withNearApp(context, script, error)
  }
}

/** What is no file was perhaps to be the name of an app, of the daemon or of the config. */
async function withNearApp({ client, cwd }: Context, script: string, error: unknown): Promise<unknown> {
  if (!(error instanceof Failure) || error.code !== 'SCRIPT_NOT_FOUND' || error.hint !== undefined)
    return error
  const apps = await client.apps().catch(() => [])
  const near = nearestName(
    script,
    apps.map(({ name }) => name),
  )
  const { findConfig } = await import('../../config/file/find-config.ts')
  const config = near === undefined && !script.includes('.') ? findConfig(cwd) : undefined
  const fromConfig =
    config === undefined ? undefined : `"upkeep start" alone starts the apps of ${basename(config)}`
  const hint = near === undefined ? fromConfig : `Did you mean "${near}"?`
  return new Failure(error.code, error.message, { hint, cause: error })
}

async function startKnown(context: Context, targets: readonly string[]): Promise<number> {
  const { client, signal } = context
  return await followOperation(context, `starting ${targets.join(', ')}`, (onEvent) =>
    client.operate({ action: 'start', targets }, { onEvent, signal }),
  )
}

function isPattern(text: string): boolean {
  return /^\/.+\/i?$/.test(text)
}

function severalScripts(args: readonly string[]): Failure {
  const quoted = args.map((arg) => `"${arg.slice(0, 50)}"`).join(', ')
  return new Failure('USAGE', `Cannot start ${quoted}: one script or config at a time`, {
    hint: 'Arguments for the script stand after "--"; several apps belong into a config',
  })
}
