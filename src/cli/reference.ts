// docs/reference/cli.md, made from the table of commands.
import type { Command } from './command.ts'
import type { CommandEntry } from './command-list.ts'
import { COMMANDS, GROUPS } from './command-list.ts'
import { HOME_OPTION, usageOf } from './parse-options.ts'

const INTRODUCTION = `# Commands

<!-- Generated from src/cli/commands by \`npm run docs\`. -->

\`upkeep <command> [options]\`

- \`<app...>\` are names, regular expressions such as \`'/^api-/'\`, or \`all\`.
- The answer is on stdout, everything else on stderr. \`--json\` prints the answer as JSON; operations print a JSON object
  per line while they go on. A failure is then \`{ "error": … }\` on stdout, beside the sentence on stderr.
- The exit status is 0, or that of the failure: see [errors](errors.md). Of several failures the first one counts.
- Every command takes \`${HOME_OPTION.flags}\`: the home of the daemon that is meant. Without it that is \`$UPKEEP_HOME\`,
  otherwise \`~/.upkeep\`.
- \`start\` and \`daemon start\` start the daemon when none runs; \`stop\`, \`restart\`, \`reload\`, \`scale\` and \`delete\` do so in a
  home where one has worked. Commands that look never do.
- Ctrl-C ends a command. One that changes something only stops waiting: what the daemon has begun goes on. A second
  Ctrl-C leaves at once.
- Colours are for terminals only. \`NO_COLOR=1\` turns them off, \`FORCE_COLOR=1\` on.
`

export async function renderCliReference(): Promise<string> {
  const parts = [INTRODUCTION]
  for (const [group, title] of Object.entries(GROUPS)) {
    parts.push(`## ${title}\n`)
    for (const entry of COMMANDS.filter((each) => each.group === group))
      parts.push(renderCommand(entry, await entry.load()))
  }
  return `${parts.join('\n').trimEnd()}\n`
}

function renderCommand({ name, aliases }: CommandEntry, command: Command): string {
  const also = aliases.map((alias) => `\`${alias}\``).join(', ')
  const { summary, options, examples = [] } = command
  return [
    `### upkeep ${name}\n`,
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.${also === '' ? '' : ` Also: ${also}.`}\n`,
    ...block('text', [`upkeep ${name} ${usageOf(command)}`.trim()]),
    ...(options.length === 0 ? [] : optionTable(command)),
    ...(examples.length === 0 ? [] : block('sh', examples)),
  ].join('\n')
}

function optionTable({ options }: Command): string[] {
  const rows = options.map(({ flags, help }) => `| \`${flags}\` | ${help.replaceAll('|', '\\|')} |`)
  return ['| option | meaning |', '| --- | --- |', ...rows, '']
}

function block(language: string, lines: readonly string[]): string[] {
  return [`\`\`\`${language}`, ...lines, '```', '']
}
