import type { Command } from '../command.ts'
import { readWish, SCRIPT_OPTIONS } from '../read-wish.ts'

export const run: Command = {
  name: 'run',
  summary: 'run in the foreground, for containers and jobs: logs on stdout, exit status of the app',
  usage: '[script|config]',
  takesRest: true,
  options: SCRIPT_OPTIONS,
  examples: [
    'upkeep run server.js -i max',
    'upkeep run upkeep.config.ts --env production',
    'upkeep run migrate.js -- --to latest   # ends with the status of the script',
  ],
  arguments: [0, 1],
  async run(context) {
    const { specs, source } = await readWish(context, context.args[0])
    const { runForeground } = await import('../../daemon/run-foreground.ts')
    // A lone script ends the container when it ends with success, so that the platform sees its status.
    const apps =
      source === null
        ? specs.map((spec) => ({ ...spec, restart: { ...spec.restart, policy: 'on-failure' as const } }))
        : specs
    const { out, options, home } = context
    const lost = new AbortController()
    out.onLost = () => lost.abort()
    return await runForeground(apps, {
      home: options.home === undefined ? undefined : home,
      writeOut: (text) => out.write(text),
      writeError: (text) => out.sayRaw(text),
      signal: lost.signal,
    })
  },
}
