// What state.json may hold of an app. Its pids get signals and its names become paths, so nothing of it is taken on trust.
import type { Shape } from '../../base/shape.ts'
import { nullable } from '../../base/shape.ts'
import { MOST_INSTANCES } from '../../config/rules/choices.ts'
import { specShape } from '../../config/spec/check-spec.ts'
import { choice, exact, flag, is, listOf, text, whole } from '../../config/spec/shapes.ts'
import type { ExitReport } from '../../protocol/status.ts'
import type { AppRecord } from '../../supervisor/app/app.ts'
import type { InstanceRecord } from '../../supervisor/instance/instance.ts'
import { INSTANCE_TABLE } from '../../supervisor/instance/instance-machine.ts'
import type { WorkerRecord } from '../../supervisor/worker/worker.ts'

// Signals go to groups, and the groups of 0 and 1 are everybody's.
const pid = whole(2)
const number = is('a number', Number.isFinite)
const anyText = is('text', (value) => typeof value === 'string')

const worker = shapeOf<WorkerRecord>({
  id: is('the id of a worker', (value) => /^[^/\0]+\.\d+\.[0-9a-f]+$/.test(String(value))),
  pid,
  startTicks: nullable(whole(0)),
  startedAtMs: number,
  readyAtMs: nullable(number),
  readyAfterMs: nullable(number),
  addresses: listOf(is('two texts', isPair)),
})

const exitReport = shapeOf<ExitReport>({
  pid,
  code: nullable(number),
  signal: nullable(text),
  atMs: number,
  uptimeMs: number,
  reason: anyText,
  lastLines: listOf(anyText),
})

const instance = shapeOf<InstanceRecord>({
  index: whole(0, MOST_INSTANCES - 1),
  state: choice(Object.keys(INSTANCE_TABLE)),
  spec: specShape,
  worker: nullable(worker),
  others: listOf(worker),
  restarts: whole(0),
  lastExit: nullable(exitReport),
})

/** An `AppRecord`. */
export const recordShape = shapeOf<AppRecord>({
  spec: specShape,
  wanted: choice(['running', 'stopped']),
  source: nullable(text),
  hasListened: flag,
  instances: (value, path) => [...listOf(instance)(value, path), ...differentNumbers(value, path)],
})

/** The compiler tells when a record gets a field that is not checked here. */
function shapeOf<T>(shapes: Readonly<Record<keyof T, Shape>>): Shape {
  return exact(shapes)
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string')
}

function differentNumbers(value: unknown, path: string): readonly string[] {
  if (!Array.isArray(value)) return []
  const numbers = value.map((one: { index?: unknown } | null) => one?.index)
  return new Set(numbers).size === numbers.length ? [] : [`${path}: two have the same index`]
}
