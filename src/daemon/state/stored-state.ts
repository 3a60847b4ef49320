// The state on disk, for whom no daemon answers. Nothing is started, written or mended by looking.
import { Failure, isSystemError } from '../../base/failure.ts'
import { firstProblems } from '../../config/schema/problems.ts'
import type { ExportedState } from '../../protocol/control.ts'
import { homeIn } from '../home.ts'
import { readState } from './load-state.ts'
import { nameOf } from './parse-state.ts'
import { exportedState } from './portable-state.ts'

export interface StoredState {
  readonly state: ExportedState
  /** What is damaged, and what stands for it. */
  readonly problem: string | undefined
}

/** What a daemon in this home would begin with. Throws STATE_UNREADABLE when nothing of it can be read. */
export async function readStoredState(home: string): Promise<StoredState> {
  const path = homeIn(home).stateFile
  const { current, taken } = await readState(path).catch((error: unknown) => {
    if (!isSystemError(error, 'EACCES', 'EPERM', 'EISDIR', 'EIO')) throw error
    throw unreadable(path, { cause: error, details: [error.message] })
  })
  const apps = [...current.apps, ...taken]
  if (current.problems.length === 0) return { state: exportedState(apps), problem: undefined }
  const details = firstProblems(current.problems)
  if (apps.length === 0) throw unreadable(path, { details })
  const from = taken.length === 0 ? '' : `; ${taken.map(nameOf).join(', ')} as in the last good copy`
  return { state: exportedState(apps), problem: `${path} is damaged: ${details.join('; ')}${from}` }
}

function unreadable(
  path: string,
  why: { readonly details: readonly string[]; readonly cause?: unknown },
): Failure {
  return new Failure('STATE_UNREADABLE', `Cannot read state from ${path}: nothing of it can be used`, {
    ...why,
    hint: 'Nothing was changed; bring the file back from a backup, or start the apps anew',
  })
}
