import { packageVersion } from '../../base/package.ts'
import type { Command, Context } from '../command.ts'
import { COMMANDS, findCommand, GROUPS } from '../command-list.ts'
import { parseOptions } from '../parse-options.ts'

const EXAMPLES = [
  'upkeep start server.js -i max      one worker per core',
  'upkeep reload web                  new workers, no request lost',
  'upkeep logs web -f                 what it writes',
  'upkeep start                       what upkeep.config.* here says',
]

export const help: Command = {
  name: 'help',
  summary: 'show all commands, or the options of one',
  usage: '[command]',
  options: [],
  examples: ['upkeep help start'],
  arguments: [0, 1],
  async run({ args, out }: Context) {
    const [name] = args
    if (name === undefined) {
      for (const line of await renderHelp(out.color.bold)) out.print(line)
      return undefined
    }
    const entry = findCommand(name)
    parseOptions(entry, await entry.load(), { options: ['--help'], rest: [] }, out)
    return undefined
  },
}

async function renderHelp(bold: (text: string) => string): Promise<string[]> {
  const lines = [
    `Upkeep ${packageVersion()}: run Node.js in production`,
    '',
    'Usage: upkeep <command> [options]',
  ]
  for (const [group, title] of Object.entries(GROUPS)) {
    lines.push('', bold(title))
    for (const entry of COMMANDS.filter((each) => each.group === group)) {
      const { summary, usage } = await entry.load()
      lines.push(`  ${`${entry.name} ${usage}`.padEnd(34)} ${summary}`)
    }
  }
  lines.push('', bold('Examples'), ...EXAMPLES.map((example) => `  ${example}`))
  lines.push('', 'upkeep <command> --help shows the options of a command; most take --json.')
  return lines
}
