import type { Command } from '../command.ts'
import { hasOption, JSON_OPTION } from '../command.ts'
import { cleanText } from '../terminal/clean-text.ts'

export const flush: Command = {
  name: 'flush',
  summary: 'empty the logs of apps',
  usage: '[app...]',
  options: [JSON_OPTION],
  examples: ['upkeep flush', 'upkeep flush web'],
  arguments: [0, Number.POSITIVE_INFINITY],
  async run(context) {
    const { client, args, out } = context
    const apps = await client.flushLogs(args.length === 0 ? ['all'] : args)
    if (hasOption(context, 'json')) out.printJson({ apps })
    else for (const app of apps) out.print(`${out.color.bold(cleanText(app))}: logs emptied`)
    return undefined
  },
}
