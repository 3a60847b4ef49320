// Checks what comes through the control socket, all problems at once.
import { isAbsolute } from 'node:path'
import { Failure } from '../base/failure.ts'
import type { Shape } from '../base/shape.ts'
import { nullable, rule } from '../base/shape.ts'
import { isText } from '../config/rules/text-rule.ts'
import { show } from '../config/schema/show.ts'
import { checkSpec } from '../config/spec/check-spec.ts'
import type {
  ApplyRequest,
  ImportRequest,
  LogQuery,
  OperationRequest,
  UpgradeRequest,
} from '../protocol/control.ts'

const MOST_TARGETS = 1000
const MOST_LINES = 1_000_000
const ACTIONS = ['start', 'stop', 'restart', 'reload', 'scale', 'delete']

const isTargets = (value: unknown) =>
  Array.isArray(value) &&
  value.length > 0 &&
  value.length <= MOST_TARGETS &&
  value.every((target) => typeof target === 'string' && target !== '' && target.length <= 500)

const targets = is('a list of names', isTargets)
const flag = is('true or false', (value) => typeof value === 'boolean')
const count = is('a whole number', (value) => /^\d{1,7}$/.test(String(value)) && Number(value) <= MOST_LINES)

const operation = {
  action: is(`one of ${ACTIONS.join(', ')}`, (value) => ACTIONS.some((action) => action === value)),
  targets,
  instances: optional(
    is('text such as "4" or "+1"', (value) => typeof value === 'string' && value.length <= 50),
  ),
}

const application = {
  apps: is('a list of apps', (value) => Array.isArray(value) && value.length <= MOST_TARGETS),
  // As state.json has it: what is not taken back from there would be lost with the daemon.
  source: nullable(is('text', isText)),
  prune: optional(flag),
  keepGoing: optional(flag),
}

const logs = {
  targets: optional(targets),
  instance: optional(count),
  lines: optional(count),
  sinceMs: optional(
    is('milliseconds since the epoch', (value) => /^-?\d{1,15}(?:\.\d+)?$/.test(String(value))),
  ),
  stream: optional(is('stdout or stderr', (value) => value === 'stdout' || value === 'stderr')),
  follow: optional(is('true or false', (value) => value === 'true' || value === 'false')),
}

const upgrade = {
  command: is(
    'a program and its arguments, with absolute paths',
    (value) => isTexts(value) && value.slice(0, 1).every(isAbsolute),
  ),
  timeoutMs: is(
    '1 to 600000 milliseconds',
    (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 600_000,
  ),
}

export function upgradeRequest(body: unknown): UpgradeRequest {
  return checked(upgrade, body) as unknown as UpgradeRequest
}

function isTexts(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length > 1 &&
    value.length <= 50 &&
    value.every((word) => typeof word === 'string' && isText(word) && word.length <= 4096)
  )
}

export function operationRequest(body: unknown): OperationRequest {
  return checked(operation, body) as unknown as OperationRequest
}

export function applyRequest(body: unknown): ApplyRequest {
  const request = checked(application, body) as unknown as ApplyRequest
  const apps = request.apps.map((spec) => checkSpec(spec))
  const names = apps.map(({ name }) => name)
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  if (twice.length > 0) throw invalid(twice.map((name) => `apps: two are named "${name}"`))
  return { ...request, apps }
}

/** What is imported has its own check. */
export function importRequest(body: unknown): ImportRequest {
  const { state, merge } = checked({ merge: optional(flag) }, body)
  return { state, merge: merge === true }
}

export function flushRequest(body: unknown): { readonly targets: readonly string[] } {
  return checked({ targets }, body) as { targets: string[] }
}

export function stopRequest(body: unknown): { readonly keepWorkers: boolean } {
  return { keepWorkers: checked({ keepWorkers: optional(flag) }, body).keepWorkers === true }
}

export function logQuery(parameters: URLSearchParams): LogQuery {
  const { targets: _, ...single } = Object.fromEntries(parameters)
  const named = parameters.getAll('targets')
  const query = checked(logs, named.length === 0 ? single : { ...single, targets: named })
  return Object.fromEntries(Object.entries(query).map(([key, value]) => [key, parsed(key, value)]))
}

function parsed(key: string, value: unknown): unknown {
  if (key === 'follow') return value === 'true'
  return key === 'targets' || key === 'stream' ? value : Number(value)
}

/** Unknown keys are left alone: a newer client may say more. */
function checked(shapes: Readonly<Record<string, Shape>>, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(['it must be an object'])
  const given: Readonly<Record<string, unknown>> = { ...value }
  const problems = Object.entries(shapes).flatMap(([key, shape]) => shape(given[key], key))
  if (problems.length > 0) throw invalid(problems)
  return given
}

function is(expected: string, fits: (value: unknown) => boolean): Shape {
  return rule(expected, fits, show)
}

function optional(shape: Shape): Shape {
  return (value, path) => (value === undefined ? [] : shape(value, path))
}

function invalid(details: readonly string[]): Failure {
  return new Failure('REQUEST_INVALID', 'Cannot do that: the request is not valid', { details })
}
