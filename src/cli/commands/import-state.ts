import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import process from 'node:process'
import { text as textOf } from 'node:stream/consumers'
import { isDeeperThan } from '../../base/depth.ts'
import { Failure, isSystemError } from '../../base/failure.ts'
import type { Command, Context } from '../command.ts'
import { hasOption, JSON_OPTION } from '../command.ts'
import { ensureDaemon } from '../ensure-daemon.ts'
import { followOperation } from '../follow-operation.ts'

/** A state has some ten levels. Data of thousands would end in an overflow of the stack, here or in the daemon. */
const MOST_LEVELS = 100

export const importState: Command = {
  name: 'import',
  summary: 'start the apps that "upkeep export state" wrote down',
  usage: 'state <file|->',
  options: [
    { flags: '--merge', help: 'leave apps alone whose names are here already, and import the others' },
    JSON_OPTION,
  ],
  examples: ['upkeep import state apps.json', 'upkeep import state apps.json --merge'],
  arguments: [2, 2],
  onInterrupt: 'stop-waiting',
  async run(context) {
    const [format = '', file = ''] = context.args
    if (format !== 'state') {
      throw new Failure('USAGE', `Cannot import "${format.slice(0, 50)}": that is not a known format`, {
        hint: 'It is state: upkeep import state <file>',
      })
    }
    const state = parse(file, await read(context, file))
    const { client, home, signal } = context
    await ensureDaemon(client, home)
    const merge = hasOption(context, 'merge')
    return await followOperation(context, 'importing', (onEvent) =>
      client.importState({ state, merge }, { onEvent, signal }),
    )
  },
}

async function read({ cwd }: Context, file: string): Promise<string> {
  try {
    return file === '-' ? await textOf(process.stdin) : await readFile(resolve(cwd, file), 'utf8')
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error)
    const reason = isSystemError(error, 'ENOENT') ? 'there is no such file' : told
    throw new Failure('STATE_UNREADABLE', `Cannot read ${file}: ${reason}`, { cause: error })
  }
}

function parse(file: string, text: string): unknown {
  const state = parseJson(file, text)
  if (!isDeeperThan(MOST_LEVELS, state)) return state
  throw new Failure(
    'STATE_UNREADABLE',
    `Cannot import ${file}: it is nested deeper than ${MOST_LEVELS} levels`,
    {
      hint: 'Nothing was imported; it is not what "upkeep export state" writes',
    },
  )
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Failure('STATE_UNREADABLE', `Cannot import ${file}: it is not JSON, or not complete`, {
      hint: 'Nothing was imported',
      cause: error,
    })
  }
}
