import { resolve } from 'node:path'
import { writeAtomically } from '../../base/atomic-file.ts'
import { Failure, isSystemError } from '../../base/failure.ts'
import type { Context } from '../command.ts'
import { reviveDaemon } from '../ensure-daemon.ts'

/** `upkeep export state [file]`: what `upkeep import state` takes. */
export async function exportState(context: Context, file = '-'): Promise<undefined> {
  const { client, home, out, cwd } = context
  await reviveDaemon(client, home)
  const state = await client.exportState()
  const text = `${JSON.stringify(state, null, 2)}\n`
  if (file === '-') out.write(text)
  else await write(resolve(cwd, file), text)
  const count = `${state.apps.length} app${state.apps.length === 1 ? '' : 's'}`
  const where = file === '-' ? 'This is' : `${file} has`
  out.say(`${where} ${count} with the values of their environments: keep it as you keep secrets.`)
  return undefined
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeAtomically(path, text, 0o600)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'EACCES', 'EPERM', 'EROFS', 'EISDIR', 'ENOSPC', 'ENOTDIR'))
      throw error
    throw new Failure('USAGE', `Cannot write ${path}: ${error.message}`, { cause: error })
  }
}
