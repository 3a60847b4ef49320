// Reads what the daemon before has left. A state that is damaged in parts is mended from the last good copy: one bad record
// must not keep the other apps from running.
import { readFile } from 'node:fs/promises'
import { removeUnfinished, writeAtomically } from '../../base/atomic-file.ts'
import { Failure, isSystemError } from '../../base/failure.ts'
import { firstProblems } from '../../config/schema/problems.ts'
import type { AppRecord } from '../../supervisor/app/app.ts'
import type { ParsedState } from './parse-state.ts'
import { NO_STATE, nameOf, parseState, renderState, substitutes } from './parse-state.ts'
import { keepCopy, lastCopy } from './state-copy.ts'

const MOST_PROBLEMS = 10

export interface LoadedState {
  readonly apps: readonly AppRecord[]
  /** Apps may be missing, so a worker that nobody names may be wanted all the same. */
  readonly isDamaged: boolean
  /** What was wrong with the file, and what was done. */
  readonly problem: string | undefined
}

export const NOTHING_LOADED: LoadedState = { apps: [], isDamaged: false, problem: undefined }

interface ReadState {
  readonly current: ParsedState
  /** What stands for the damaged records. */
  readonly taken: readonly AppRecord[]
}

/** Reads the state, and mends it on disk too. Throws STATE_UNREADABLE when a newer Upkeep wrote it. */
export async function loadState(path: string): Promise<LoadedState> {
  await removeUnfinished(path)
  const { current, taken } = await readState(path)
  if (current.problems.length === 0) return { ...NOTHING_LOADED, apps: current.apps }
  const apps = [...current.apps, ...taken]
  const broken = `${path}.broken`
  await keepCopy(path, broken)
  // At once: until the next write, which replaces the last good copy, the state would exist in memory only.
  await writeAtomically(path, renderState(apps))
  const what = firstProblems(current.problems, MOST_PROBLEMS).join('; ')
  const problem = `Cannot read state from ${path}: ${what}. Kept as ${broken}; ${outcome(current, taken)}`
  return { apps, isDamaged: true, problem }
}

function outcome(current: ParsedState, taken: readonly AppRecord[]): string {
  if (taken.length > 0) return `took ${taken.map(nameOf).join(', ')} from the last good copy`
  return current.apps.length === 0 ? 'began without apps' : 'went on with the rest'
}

/** Changes nothing. Throws STATE_UNREADABLE when a newer Upkeep wrote it. */
export async function readState(path: string): Promise<ReadState> {
  const current = await parsedFile(path)
  if (current.isNewer) throw newer(path)
  if (current.problems.length === 0) return { current, taken: [] }
  return { current, taken: substitutes(current, await parsedFile(lastCopy(path))) }
}

async function parsedFile(path: string): Promise<ParsedState> {
  try {
    return parseState(await readFile(path, 'utf8'))
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return NO_STATE
    throw error
  }
}

function newer(path: string): Failure {
  return new Failure('STATE_UNREADABLE', `Cannot read state from ${path}: a newer Upkeep wrote it`, {
    hint: 'Use that version again, or move the file away and start the apps anew',
  })
}
