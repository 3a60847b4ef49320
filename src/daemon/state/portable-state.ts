// The part of a state that means something on another machine: how apps are run and whether they shall run. Workers stay where
// they are. A whole state.json has that part too, so it can be brought from the disk of a machine that is gone.
import { Failure } from '../../base/failure.ts'
import { nullable } from '../../base/shape.ts'
import { isPlainObject } from '../../config/schema/plain-object.ts'
import { firstProblems } from '../../config/schema/problems.ts'
import { show } from '../../config/schema/show.ts'
import { specShape } from '../../config/spec/check-spec.ts'
import { choice, exact, text } from '../../config/spec/shapes.ts'
import type { ExportedState, MovedApp } from '../../protocol/control.ts'
import type { AppRecord } from '../../supervisor/app/app.ts'
import { migrated, STATE_VERSION } from './migrate-state.ts'

const movedApp = exact({ spec: specShape, wanted: choice(['running', 'stopped']), source: nullable(text) })

export function exportedState(records: readonly AppRecord[]): ExportedState {
  return {
    version: STATE_VERSION,
    apps: records.map(({ spec, wanted, source }) => ({ spec, wanted, source })),
  }
}

/** Throws STATE_UNREADABLE, with all problems, when it is not such a state or one of a newer Upkeep. */
export function parseExported(value: unknown): readonly MovedApp[] {
  if (!isPlainObject(value) || !Array.isArray(value.apps))
    throw unreadable('it is not what "upkeep export state" writes')
  const { version, apps } = value
  const records = migrated(version, apps)
  if (records === undefined) {
    const isNewer = typeof version === 'number' && version > STATE_VERSION
    throw unreadable(isNewer ? 'a newer Upkeep wrote it' : `it says that its version is ${show(version)}`)
  }
  const moved = records.map(movedPart)
  const problems = [...moved.flatMap((app, index) => movedApp(app, `apps[${index}]`)), ...namedTwice(moved)]
  if (problems.length > 0) throw unreadable('it has mistakes', problems)
  return moved as MovedApp[]
}

function movedPart(record: unknown): unknown {
  if (!isPlainObject(record)) return record
  const { spec, wanted, source } = record
  return { spec, wanted, source }
}

function namedTwice(apps: readonly unknown[]): string[] {
  const names = apps.map((app) => (isPlainObject(app) && isPlainObject(app.spec) ? app.spec.name : undefined))
  const twice = names.filter((name, index) => typeof name === 'string' && names.indexOf(name) !== index)
  return [...new Set(twice)].map((name) => `apps: two are named ${show(name)}`)
}

function unreadable(reason: string, details?: readonly string[]): Failure {
  return new Failure('STATE_UNREADABLE', `Cannot import the state: ${reason}`, {
    details: details === undefined ? undefined : firstProblems(details),
    hint: 'Nothing was imported',
  })
}
