// Text of state.json to the records in it. What is damaged costs only the app it belongs to.
import { nameProblem } from '../../config/rules/name-rule.ts'
import { isPlainObject } from '../../config/schema/plain-object.ts'
import { show } from '../../config/schema/show.ts'
import type { AppRecord } from '../../supervisor/app/app.ts'
import { migrated, STATE_VERSION } from './migrate-state.ts'
import { recordShape } from './record-shape.ts'

export interface ParsedState {
  /** The records that are good. */
  readonly apps: readonly AppRecord[]
  /** Whose records are damaged; undefined is one of which nobody can tell. */
  readonly lost: readonly (string | undefined)[]
  readonly problems: readonly string[]
  readonly isNewer: boolean
}

export const NO_STATE: ParsedState = { apps: [], lost: [], problems: [], isNewer: false }

export function parseState(text: string): ParsedState {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return unreadable('it is not complete')
  }
  if (!isPlainObject(value) || !Array.isArray(value.apps)) return unreadable('it has another form')
  const { version, apps } = value
  if (typeof version === 'number' && version > STATE_VERSION)
    return { ...unreadable('a newer Upkeep wrote it'), isNewer: true }
  const records = migrated(version, apps)
  if (records === undefined)
    return unreadable(`version: must be a number from 1 to ${STATE_VERSION}, got ${show(version)}`)
  return records.reduce(withRecord, NO_STATE)
}

export function renderState(apps: readonly AppRecord[]): string {
  return `${JSON.stringify({ version: STATE_VERSION, apps })}\n`
}

/** The records of an older state that stand for the damaged ones of this. */
export function substitutes({ apps, lost }: ParsedState, older: ParsedState): AppRecord[] {
  const good = new Set(apps.map(nameOf))
  const isAnyLost = lost.includes(undefined)
  return older.apps.filter((app) => !good.has(nameOf(app)) && (isAnyLost || lost.includes(nameOf(app))))
}

export function nameOf({ spec }: AppRecord): string {
  return spec.name
}

function unreadable(problem: string): ParsedState {
  return { ...NO_STATE, lost: [undefined], problems: [problem] }
}

function withRecord(state: ParsedState, value: unknown, index: number): ParsedState {
  const path = `apps[${index}]`
  const problems = recordShape(value, path)
  const name = tryName(value)
  if (problems.length > 0)
    return { ...state, lost: [...state.lost, name], problems: [...state.problems, ...problems] }
  if (state.apps.some((app) => nameOf(app) === name))
    return { ...state, problems: [...state.problems, `${path}: another one is named ${show(name)}`] }
  return { ...state, apps: [...state.apps, value as AppRecord] }
}

function tryName(value: unknown): string | undefined {
  const name = isPlainObject(value) && isPlainObject(value.spec) ? value.spec.name : undefined
  return typeof name === 'string' && nameProblem(name) === undefined ? name : undefined
}
