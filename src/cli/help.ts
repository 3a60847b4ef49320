import { readFileSync } from 'node:fs'
import type { CommandEntry } from './command-list.ts'
import { COMMANDS } from './command-list.ts'
import { parseOptions } from './parse-options.ts'
import type { Output } from './terminal/output.ts'

const GROUPS: Readonly<Record<CommandEntry['group'], string>> = {
  apps: 'Running apps',
  looking: 'Looking',
  configuration: 'Configuration',
  daemon: 'The daemon',
}

/** Prints the help of one command, the list of all, or the version. */
export async function printHelp(out: Output, words: readonly string[]): Promise<number> {
  if (words.some((word) => word === '-V' || word === '--version')) {
    out.print(packageVersion())
    return 0
  }
  const entry = COMMANDS.find(({ name, aliases }) =>
    words.some((word) => word === name || aliases.includes(word)),
  )
  if (entry !== undefined) {
    parseOptions(await entry.load(), ['--help'], out)
    return 0
  }
  out.print(await renderHelp(out.color.bold))
  return 0
}

export async function renderHelp(bold: (text: string) => string): Promise<string> {
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
  lines.push('', 'upkeep <command> --help shows the options of a command; most take --json.')
  return lines.join('\n')
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
