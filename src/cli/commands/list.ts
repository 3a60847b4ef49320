import { packageVersion } from '../../base/package.ts'
import { isDaemonAbsent } from '../../client/daemon-absent.ts'
import { mayKnowApps } from '../../client/home.ts'
import { tryReadKeeperFailure } from '../../client/keeper-failure.ts'
import type { AppStatus } from '../../protocol/status.ts'
import type { Command, Context } from '../command.ts'
import { hasOption, JSON_OPTION } from '../command.ts'
import { renderList } from '../render-list.ts'

export const list: Command = {
  name: 'list',
  summary: 'list apps and their instances',
  usage: '',
  options: [JSON_OPTION],
  arguments: [0, 0],
  async run(context) {
    const { out } = context
    const apps = await appsOrNone(context)
    if (hasOption(context, 'json')) out.printJson({ apps: apps ?? [], daemon: apps !== undefined })
    else if (apps === undefined) out.say(withoutDaemon(context.home))
    else if (apps.length === 0) out.say('No apps. Start one with "upkeep start <script|config>".')
    else for (const line of renderList(apps, out.width, out.color, context.clock.nowMs())) out.print(line)
    if (apps !== undefined && !hasOption(context, 'json')) await hintAtUpgrade(context)
    return undefined
  },
}

async function hintAtUpgrade({ client, out }: Context): Promise<void> {
  const version = await client.daemon().then(
    (status) => status.version,
    () => undefined,
  )
  const own = packageVersion()
  if (version !== undefined && version !== own) {
    out.say(`The daemon is Upkeep ${version}, this is ${own}. Replace it with "upkeep upgrade"; apps go on.`)
  }
}

/** Looking must not start anything: without a daemon there is simply nothing. */
async function appsOrNone({ client }: Context): Promise<AppStatus[] | undefined> {
  try {
    return await client.apps()
  } catch (error) {
    if (!isDaemonAbsent(error)) throw error
    return undefined
  }
}

function withoutDaemon(home: string): string {
  const failure = tryReadKeeperFailure(home)
  if (failure !== undefined) return `${failure}. Apps go on without it; try "upkeep daemon start".`
  if (!mayKnowApps(home)) return 'No daemon runs, and no apps. Start one with "upkeep start <script|config>".'
  return 'No daemon runs; if one was killed, its workers go on without it. Bring all apps back with "upkeep daemon start".'
}
