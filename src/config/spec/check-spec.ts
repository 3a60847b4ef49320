// The daemon's own look at a spec. Without zod, which would be a fifth of the daemon's memory (docs/decisions/0004).
import { isAbsolute } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { Shape } from '../../base/shape.ts'
import { exactly, nullable, rule } from '../../base/shape.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import {
  BALANCES,
  LOG_FORMATS,
  MOST_INSTANCES,
  READY_WHEN,
  RELOAD_ORDERS,
  RESTART_POLICIES,
} from '../rules/choices.ts'
import { envNameProblem } from '../rules/env-name.ts'
import { isLimit } from '../rules/limit.ts'
import { nameProblem } from '../rules/name-rule.ts'
import { isSignal } from '../rules/signal.ts'
import { isText } from '../rules/text-rule.ts'
import { isPlainObject } from '../schema/plain-object.ts'
import { firstProblems } from '../schema/problems.ts'
import { show } from '../schema/show.ts'

const HIGHEST_ID = 4_294_967_294
const MOST = Number.MAX_SAFE_INTEGER

const text = is('text', isText)
const flag = is('true or false', (value) => typeof value === 'boolean')
const absolutePath = is('an absolute path', (value) => isText(value) && isAbsolute(value))
const args = is(
  'a list of texts',
  (value) => Array.isArray(value) && value.every((arg) => arg === '' || isText(arg)),
)

const specShape = exact({
  name: nameShape,
  script: text,
  program: absolutePath,
  programArgs: args,
  args,
  cwd: absolutePath,
  isNode: flag,
  instances: whole(1, MOST_INSTANCES),
  balance: choice(BALANCES),
  env: is('an object of texts', isEnvironment),
  ready: exact({ when: choice(READY_WHEN), timeoutMs: whole(0, MOST) }),
  stop: exact({ signal: is('the name of a signal', isSignal), timeoutMs: whole(0, MOST) }),
  reload: exact({ order: choice(RELOAD_ORDERS), parallel: whole(1, MOST_INSTANCES) }),
  restart: exact({
    policy: choice(RESTART_POLICIES),
    maxRestarts: nullable(whole(0, MOST)),
    minUptimeMs: whole(0, MOST),
    backoffMs: whole(0, MOST),
    maxBackoffMs: whole(0, MOST),
  }),
  logs: exact({
    format: choice(LOG_FORMATS),
    maxSizeBytes: whole(1, MOST),
    rotateEveryMs: nullable(whole(1, MOST)),
    keep: whole(0, MOST),
    maxTotalBytes: whole(1, MOST),
    compress: flag,
  }),
  runAs: nullable(exact({ user: text, uid: whole(0, HIGHEST_ID), gid: whole(0, HIGHEST_ID) })),
  ulimits: is('an object of limits', isLimits),
})

/** Returns the spec if it is one. Throws CONFIG_INVALID with every problem: it does not rely on whoever sent it. */
export function checkSpec(value: unknown): AppSpec {
  const problems = specShape(value, '')
  if (problems.length === 0) return value as AppSpec
  const name = isPlainObject(value) && isText(value.name) ? show(value.name) : 'without a name'
  const message = `Cannot use app ${name}: it has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`
  throw new Failure('CONFIG_INVALID', message, { details: firstProblems(problems) })
}

function is(expected: string, fits: (value: unknown) => boolean): Shape {
  return rule(expected, fits, show)
}

function exact(shapes: Readonly<Record<string, Shape>>): Shape {
  return exactly(shapes, show)
}

function whole(min: number, max: number): Shape {
  const fits = (value: unknown) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max
  return is(`a whole number from ${min} to ${max}`, fits)
}

function choice(choices: readonly string[]): Shape {
  const expected = `one of ${choices.map((one) => `"${one}"`).join(', ')}`
  return is(expected, (value) => choices.some((one) => one === value))
}

function nameShape(value: unknown, path: string): readonly string[] {
  if (typeof value !== 'string') return text(value, path)
  const problem = nameProblem(value)
  return problem === undefined ? [] : [`${path}: ${problem}`]
}

function isEnvironment(value: unknown): boolean {
  return isPlainObject(value) && Object.entries(value).every(([name, held]) => isVariable(name, held))
}

function isVariable(name: string, value: unknown): boolean {
  return envNameProblem(name) === undefined && typeof value === 'string' && !value.includes('\0')
}

function isLimits(value: unknown): boolean {
  return (
    isPlainObject(value) &&
    Object.entries(value).every(([name, limit]) => /^[a-z]+$/.test(name) && isLimit(limit))
  )
}
