import { Failure } from '../../base/failure.ts'
import type { Command } from '../command.ts'
import { exportState } from './export-state.ts'

export const exportApp: Command = {
  name: 'export',
  summary: 'write down all apps, to move them to another machine',
  usage: 'state [file]',
  options: [],
  examples: ['upkeep export state apps.json', 'upkeep export state | ssh other upkeep import state -'],
  arguments: [1, 2],
  async run(context) {
    const [format = '', file] = context.args
    if (format === 'state') return await exportState(context, file)
    throw new Failure('USAGE', `Cannot export "${format.slice(0, 50)}": that is not a known format`, {
      hint: 'It is state: upkeep export state [file]',
    })
  },
}
