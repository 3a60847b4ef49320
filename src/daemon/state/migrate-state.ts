// What a state of an older version says, in the words of this one: a step for each version. Steps take records as they find
// them, also damaged ones; whether a record is good is asked afterwards.
import { isPlainObject } from '../../config/schema/plain-object.ts'

type Step = (record: unknown) => unknown

/** The first brings version 1 to version 2, and so on. */
const STEPS: readonly Step[] = [withReadyAfter]

export const STATE_VERSION = STEPS.length + 1

/** The records as this version has them; undefined when there never was such a version. */
export function migrated(version: unknown, records: readonly unknown[]): readonly unknown[] | undefined {
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1 || version > STATE_VERSION)
    return undefined
  return STEPS.slice(version - 1).reduce<readonly unknown[]>((all, step) => all.map(step), records)
}

/** 1 → 2: workers keep how long they took to become ready, beside when that was. */
function withReadyAfter(record: unknown): unknown {
  return changed(record, 'instances', (instances) =>
    eachOf(instances, (instance) =>
      changed(changed(instance, 'worker', readyAfter), 'others', (others) => eachOf(others, readyAfter)),
    ),
  )
}

function readyAfter(worker: unknown): unknown {
  if (!isPlainObject(worker)) return worker
  const { startedAtMs, readyAtMs } = worker
  const areKnown = typeof startedAtMs === 'number' && typeof readyAtMs === 'number'
  return { ...worker, readyAfterMs: areKnown ? Math.max(0, readyAtMs - startedAtMs) : null }
}

function changed(value: unknown, key: string, change: (part: unknown) => unknown): unknown {
  return isPlainObject(value) && key in value ? { ...value, [key]: change(value[key]) } : value
}

function eachOf(value: unknown, change: (part: unknown) => unknown): unknown {
  return Array.isArray(value) ? value.map(change) : value
}
