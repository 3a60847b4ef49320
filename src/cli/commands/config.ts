import type { Command } from '../command.ts'
import { hasOption, JSON_OPTION } from '../command.ts'
import { readWish } from '../read-wish.ts'
import { cleanText } from '../terminal/clean-text.ts'

export const config: Command = {
  name: 'config',
  summary: 'check a config and show what the daemon would get from it',
  usage: '[config|script]',
  options: [
    { flags: '--env <name>', help: 'the environment of the config to use' },
    { flags: '--show-secrets', help: 'show the values of the environment' },
    JSON_OPTION,
  ],
  examples: ['upkeep config', 'upkeep config --env staging --show-secrets', 'upkeep config server.js'],
  arguments: [0, 1],
  async run(context) {
    const { out } = context
    const { specs, source } = await readWish(context, context.args[0])
    const { hideSecrets } = await import('../../config/spec/hide-secrets.ts')
    const apps = specs.map((spec) => hideSecrets(spec, { show: hasOption(context, 'showSecrets') }))
    if (hasOption(context, 'json')) {
      out.printJson({ file: source, apps })
      return undefined
    }
    if (source !== null) out.say(`${source} is valid`)
    const { stringify } = await import('yaml')
    out.print(cleanLines(stringify({ apps })))
    return undefined
  },
}

function cleanLines(text: string): string {
  return text.trimEnd().split('\n').map(cleanText).join('\n')
}
