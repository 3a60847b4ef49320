// The daemon's own look at a spec: it does not rely on whoever sent or kept it.
import { isAbsolute } from 'node:path'
import { renderDuration } from '../../base/duration.ts'
import { Failure } from '../../base/failure.ts'
import type { Shape } from '../../base/shape.ts'
import { nullable } from '../../base/shape.ts'
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
import type { TimeLimits } from '../rules/times.ts'
import { TIME_LIMITS } from '../rules/times.ts'
import { isPlainObject } from '../schema/plain-object.ts'
import { firstProblems } from '../schema/problems.ts'
import { show } from '../schema/show.ts'
import { choice, exact, flag, is, text, whole } from './shapes.ts'

const HIGHEST_ID = 4_294_967_294

const absolutePath = is('an absolute path', (value) => isText(value) && isAbsolute(value))
const args = is(
  'a list of texts',
  (value) => Array.isArray(value) && value.every((arg) => arg === '' || isText(arg)),
)

/** An `AppSpec`. */
export const specShape = exact({
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
  ready: exact({ when: choice(READY_WHEN), timeoutMs: time(TIME_LIMITS.readyTimeout) }),
  stop: exact({ signal: is('the name of a signal', isSignal), timeoutMs: time(TIME_LIMITS.stopTimeout) }),
  reload: exact({ order: choice(RELOAD_ORDERS), parallel: whole(1, MOST_INSTANCES) }),
  restart: exact({
    policy: choice(RESTART_POLICIES),
    maxRestarts: nullable(whole(0)),
    minUptimeMs: time(TIME_LIMITS.minUptime),
    backoffMs: time(TIME_LIMITS.backoff),
    maxBackoffMs: time(TIME_LIMITS.maxBackoff),
  }),
  logs: exact({
    format: choice(LOG_FORMATS),
    maxSizeBytes: whole(1),
    rotateEveryMs: nullable(time(TIME_LIMITS.logRotation)),
    keep: whole(0),
    maxTotalBytes: whole(1),
    compress: flag,
  }),
  runAs: nullable(exact({ user: text, uid: whole(0, HIGHEST_ID), gid: whole(0, HIGHEST_ID) })),
  ulimits: is('an object of limits', isLimits),
})

/** Returns the spec if it is one. Throws CONFIG_INVALID with every problem. */
export function checkSpec(value: unknown): AppSpec {
  const problems = specShape(value, '')
  if (problems.length === 0) return value as AppSpec
  const name = isPlainObject(value) && isText(value.name) ? show(value.name) : 'without a name'
  const message = `Cannot use app ${name}: it has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`
  throw new Failure('CONFIG_INVALID', message, { details: firstProblems(problems) })
}

function time({ minMs, maxMs }: TimeLimits): Shape {
  const fits = (value: unknown) => Number.isInteger(value) && Number(value) >= minMs && Number(value) <= maxMs
  return is(`milliseconds from ${minMs} to ${maxMs}, which is ${renderDuration(maxMs)}`, fits)
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
