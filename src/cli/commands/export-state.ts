import { resolve } from 'node:path'
import { writeAtomically } from '../../base/atomic-file.ts'
import { Failure, isSystemError } from '../../base/failure.ts'
import { isDaemonAbsent } from '../../client/daemon-absent.ts'
import { hasState } from '../../client/home.ts'
import type { ExportedState } from '../../protocol/control.ts'
import type { Context } from '../command.ts'

/** `upkeep export state [file]`: what `upkeep import state` takes. */
export async function exportState(context: Context, file = '-'): Promise<undefined> {
  const { out, cwd } = context
  const state = await exported(context)
  const text = `${JSON.stringify(state, null, 2)}\n`
  if (file === '-') out.write(text)
  else await write(resolve(cwd, file), text)
  const count = `${state.apps.length} app${state.apps.length === 1 ? '' : 's'}`
  const where = file === '-' ? 'This is' : `${file} has`
  out.say(`${where} ${count} with the values of their environments: keep it as you keep secrets.`)
  return undefined
}

/** Where no daemon runs, what the last one wrote: to start one would start the apps. */
async function exported({ client, home, out }: Context): Promise<ExportedState> {
  try {
    return await client.exportState()
  } catch (error) {
    if (!isDaemonAbsent(error) || !hasState(home)) throw error
  }
  const { readStoredState } = await import('../../daemon/state/stored-state.ts')
  const { state, problem } = await readStoredState(home)
  if (problem !== undefined) out.say(problem)
  return state
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
