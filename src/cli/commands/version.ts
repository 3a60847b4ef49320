import { packageVersion } from '../../base/package.ts'
import { PROTOCOL_VERSION } from '../../protocol/version.ts'
import type { Command } from '../command.ts'
import { hasOption, JSON_OPTION } from '../command.ts'

export const version: Command = {
  name: 'version',
  summary: 'print the version of Upkeep',
  usage: '',
  options: [JSON_OPTION],
  arguments: [0, 0],
  async run(context) {
    const { out } = context
    const upkeep = packageVersion()
    if (hasOption(context, 'json')) out.printJson({ version: upkeep, protocol: PROTOCOL_VERSION })
    else out.print(upkeep)
    return undefined
  },
}
