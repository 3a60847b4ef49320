import { isDaemonAbsent } from '../../client/daemon-absent.ts'
import type { ApplyRequest, SpecChange } from '../../protocol/control.ts'
import type { Command, Context } from '../command.ts'
import { hasOption, JSON_OPTION } from '../command.ts'
import { readWish } from '../read-wish.ts'
import { cleanText } from '../terminal/clean-text.ts'

export const diff: Command = {
  name: 'diff',
  summary: 'show what "start" with a config would change',
  usage: '[config]',
  options: [
    { flags: '--env <name>', help: 'the environment of the config to use' },
    { flags: '--prune', help: 'as with "start --prune"' },
    JSON_OPTION,
  ],
  examples: ['upkeep diff', 'upkeep diff upkeep.config.ts --env production --prune'],
  arguments: [0, 1],
  async run(context) {
    const { specs, source } = await readWish(context, context.args[0])
    const request = { apps: specs, source, prune: hasOption(context, 'prune') }
    printChanges(context, await changes(context, request))
    return undefined
  },
}

/** Looking must not start a daemon; without one, all of it would be started. */
export async function changes({ client, out }: Context, request: ApplyRequest): Promise<SpecChange[]> {
  try {
    return await client.diff(request)
  } catch (error) {
    if (!isDaemonAbsent(error)) throw error
    out.say('No daemon runs; it would be started.')
    return request.apps.map(({ name }) => ({ app: name, change: 'start', fields: [] }))
  }
}

export function printChanges(context: Context, found: readonly SpecChange[]): void {
  const { out } = context
  if (hasOption(context, 'json')) {
    out.printJson({ changes: found })
    return
  }
  const paint = { start: out.color.green, delete: out.color.red, unchanged: out.color.dim }
  for (const { app, change, fields } of found) {
    const color = change in paint ? paint[change as keyof typeof paint] : out.color.yellow
    out.print(`${color(change.padEnd(9))} ${out.color.bold(cleanText(app))}`)
    for (const { path, from, to } of fields)
      out.print(`            ${cleanText(path)}: ${cleanText(from)} -> ${cleanText(to)}`)
  }
}
