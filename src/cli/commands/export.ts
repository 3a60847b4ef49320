import { Failure } from '../../base/failure.ts'
import { type Command, type Context, JSON_OPTION } from '../command.ts'

export const exportApp: Command = {
  name: 'export',
  summary: 'make systemd units of an app, or a file of all apps to move them to another machine',
  usage: '<systemd|state> [app|file]',
  options: [
    {
      flags: '--config <file>',
      help: "systemd: the config the app is in (upkeep.config.* here, or the daemon's app)",
    },
    { flags: '--env <name>', help: 'systemd: the environment of the config to use' },
    { flags: '--as <user>', help: 'systemd: who the app runs as' },
    { flags: '--output <folder>', help: 'systemd: write the files there; printed, they lack the secrets' },
    JSON_OPTION,
  ],
  examples: [
    'upkeep export systemd web --as deploy --output units',
    'upkeep export state apps.json',
    'upkeep export state | ssh other upkeep import state -',
  ],
  arguments: [1, 2],
  async run(context) {
    const [format = '', what] = context.args
    if (format === 'state') refuseOptionsOfSystemd(context)
    if (format === 'state') return await (await import('./export-state.ts')).exportState(context, what)
    if (format !== 'systemd') throw unknownFormat(format)
    if (what === undefined) throw noApp()
    return await (await import('./export-systemd.ts')).exportSystemd(context, what)
  },
}

function refuseOptionsOfSystemd({ options }: Context): void {
  const given = ['config', 'env', 'as', 'output'].find((name) => options[name] !== undefined)
  if (given === undefined) return
  throw new Failure('USAGE', `Cannot use --${given} with "upkeep export state": it is for systemd`, {
    hint: 'All apps go into one file: upkeep export state <file>',
  })
}

function unknownFormat(format: string): Failure {
  return new Failure('USAGE', `Cannot export "${format.slice(0, 50)}": that is not a known format`, {
    hint: 'It is "upkeep export systemd <app>" or "upkeep export state [file]"',
  })
}

function noApp(): Failure {
  return new Failure('USAGE', 'Cannot export units: no app is named', {
    hint: 'Say which: upkeep export systemd <app>',
  })
}
