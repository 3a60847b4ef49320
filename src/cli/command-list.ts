// Every command, loaded only when it is called: most of a command's time is start-up.
import { Failure } from '../base/failure.ts'
import { nearestName } from '../base/nearest-name.ts'
import type { Command } from './command.ts'
import { ourWordFor } from './other-words.ts'

/** The parts of the help, in their order. */
export const GROUPS = {
  apps: 'Running apps',
  looking: 'Looking',
  configuration: 'Configuration',
  daemon: 'The daemon',
  boot: 'Boot',
  upkeep: 'Upkeep',
} as const

export interface CommandEntry {
  readonly name: string
  readonly aliases: readonly string[]
  readonly group: keyof typeof GROUPS
  load(): Promise<Command>
}

function entry(name: string, group: CommandEntry['group'], load: CommandEntry['load'], ...aliases: string[]) {
  return { name, group, load, aliases }
}

export const COMMANDS: readonly CommandEntry[] = [
  entry('start', 'apps', async () => (await import('./commands/start.ts')).start),
  entry('stop', 'apps', async () => (await import('./commands/operation.ts')).stop),
  entry('restart', 'apps', async () => (await import('./commands/operation.ts')).restart),
  entry('reload', 'apps', async () => (await import('./commands/operation.ts')).reload),
  entry('scale', 'apps', async () => (await import('./commands/scale.ts')).scale),
  entry('delete', 'apps', async () => (await import('./commands/operation.ts')).deleteApp, 'del', 'rm'),
  entry('run', 'apps', async () => (await import('./commands/run.ts')).run),
  entry('list', 'looking', async () => (await import('./commands/list.ts')).list, 'ls', 'ps', 'status'),
  entry('show', 'looking', async () => (await import('./commands/show.ts')).show, 'describe', 'info'),
  entry('logs', 'looking', async () => (await import('./commands/logs.ts')).logs, 'log'),
  entry('flush', 'looking', async () => (await import('./commands/flush.ts')).flush),
  entry('events', 'looking', async () => (await import('./commands/events.ts')).events),
  entry('doctor', 'looking', async () => (await import('./commands/doctor.ts')).doctor),
  entry('config', 'configuration', async () => (await import('./commands/config.ts')).config),
  entry('diff', 'configuration', async () => (await import('./commands/diff.ts')).diff),
  entry('export', 'configuration', async () => (await import('./commands/export.ts')).exportApp),
  entry('import', 'configuration', async () => (await import('./commands/import-state.ts')).importState),
  entry('daemon', 'daemon', async () => (await import('./commands/daemon.ts')).daemon),
  entry('upgrade', 'daemon', async () => (await import('./commands/upgrade.ts')).upgrade),
  entry('startup', 'boot', async () => (await import('./commands/startup.ts')).startup),
  entry('unstartup', 'boot', async () => (await import('./commands/unstartup.ts')).unstartup),
  entry('help', 'upkeep', async () => (await import('./commands/help.ts')).help),
  entry('version', 'upkeep', async () => (await import('./commands/version.ts')).version),
]

/** The command of that name or alias. */
export function findCommand(name: string): CommandEntry {
  const entry = COMMANDS.find((each) => each.name === name || each.aliases.includes(name))
  if (entry !== undefined) return entry
  const near = nearestName(
    name,
    COMMANDS.flatMap((each) => [each.name, ...each.aliases]),
  )
  const guess = near === undefined ? 'See "upkeep help"' : `Did you mean "${near}"?`
  throw new Failure('USAGE', `Cannot run "${name.slice(0, 50)}": there is no such command`, {
    hint: ourWordFor('command', name) ?? guess,
  })
}
