import type { Action } from '../../protocol/control.ts'
import type { Command } from '../command.ts'
import { JSON_OPTION } from '../command.ts'
import { reviveDaemon } from '../ensure-daemon.ts'
import { followOperation } from '../follow-operation.ts'

const TARGETS = '<app...>'

function operation(
  action: Exclude<Action, 'start' | 'scale'>,
  name: string,
  title: string,
  summary: string,
  example: string,
): Command {
  return {
    name,
    summary,
    usage: TARGETS,
    options: [JSON_OPTION],
    examples: [`upkeep ${name} web`, `upkeep ${name} web worker`, `upkeep ${name} '/^api-/'`, example],
    arguments: [1, Number.POSITIVE_INFINITY],
    onInterrupt: 'stop-waiting',
    async run(context) {
      const { args: targets, client, home, signal } = context
      await reviveDaemon(client, home)
      return await followOperation(context, `${title} ${targets.join(', ')}`, (onEvent) =>
        client.operate({ action, targets }, { onEvent, signal }),
      )
    },
  }
}

export const stop = operation(
  'stop',
  'stop',
  'stopping',
  'stop apps: finish requests, then end; they stay in the list',
  'upkeep stop all',
)

export const restart = operation(
  'restart',
  'restart',
  'restarting',
  'stop and start apps; connections wait meanwhile',
  'upkeep restart all',
)

export const reload = operation(
  'reload',
  'reload',
  'reloading',
  'replace the workers one after another without losing a request',
  'upkeep reload all',
)

export const deleteApp = operation(
  'delete',
  'delete',
  'deleting',
  'stop apps and remove them from the list; logs stay',
  'upkeep delete all',
)
