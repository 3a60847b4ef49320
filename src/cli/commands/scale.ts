import type { Command } from '../command.ts'
import { JSON_OPTION } from '../command.ts'
import { reviveDaemon } from '../ensure-daemon.ts'
import { followOperation } from '../follow-operation.ts'

export const scale: Command = {
  name: 'scale',
  summary: 'change the number of instances',
  usage: '<app> <n|+n|-n|max>',
  options: [JSON_OPTION],
  examples: ['upkeep scale web 4', 'upkeep scale web +2', 'upkeep scale web -1', 'upkeep scale web max'],
  arguments: [2, 2],
  onInterrupt: 'stop-waiting',
  async run(context) {
    const { args, client, home, signal } = context
    await reviveDaemon(client, home)
    const [app = '', instances = ''] = args
    return await followOperation(context, `scaling ${app}`, (onEvent) =>
      client.operate({ action: 'scale', targets: [app], instances }, { onEvent, signal }),
    )
  },
}
