import { isAbsolute } from 'node:path'
import * as z from 'zod'
import { Failure } from '../../base/failure.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import { BALANCES } from '../schema/app.ts'
import { envNameProblem } from '../schema/env.ts'
import { choice, field, flag, isText, text, whole } from '../schema/field.ts'
import { MOST_INSTANCES } from '../schema/instances.ts'
import { LOG_FORMATS } from '../schema/logs.ts'
import { nameField } from '../schema/name.ts'
import { isPlainObject } from '../schema/plain-object.ts'
import { firstProblems, problemsOf } from '../schema/problems.ts'
import { READY_WHEN } from '../schema/ready.ts'
import { RELOAD_ORDERS } from '../schema/reload.ts'
import { RESTART_POLICIES } from '../schema/restart.ts'
import { mustBe, show, showPath } from '../schema/show.ts'
import { isSignal } from '../schema/stop.ts'
import { isLimit } from '../schema/ulimits.ts'

const HIGHEST_ID = 4_294_967_294
const MOST = Number.MAX_SAFE_INTEGER

const runAsSchema = exact({ user: text(), uid: whole(0, HIGHEST_ID), gid: whole(0, HIGHEST_ID) })

const specSchema = exact({
  name: nameField(),
  script: text(),
  program: absolutePath(),
  programArgs: args(),
  args: args(),
  cwd: absolutePath(),
  isNode: flag(),
  instances: whole(0, MOST_INSTANCES),
  balance: choice(BALANCES),
  env: record('an object of texts', isEnvironment),
  ready: exact({ when: choice(READY_WHEN), timeoutMs: whole(0, MOST) }),
  stop: exact({ signal: signal(), timeoutMs: whole(0, MOST) }),
  reload: exact({ order: choice(RELOAD_ORDERS), parallel: whole(1, MOST_INSTANCES) }),
  restart: exact({
    policy: choice(RESTART_POLICIES),
    maxRestarts: whole(0, MOST).nullable(),
    minUptimeMs: whole(0, MOST),
    backoffMs: whole(0, MOST),
    maxBackoffMs: whole(0, MOST),
  }),
  logs: exact({
    format: choice(LOG_FORMATS),
    maxSizeBytes: whole(1, MOST),
    rotateEveryMs: whole(1, MOST).nullable(),
    keep: whole(0, MOST),
    maxTotalBytes: whole(1, MOST),
    compress: flag(),
  }),
  runAs: runAsSchema.nullable(),
  ulimits: record('an object of limits', isLimits),
})

/** The daemon's own look at a spec: it does not rely on whoever sent it. */
export function checkSpec(value: unknown): AppSpec {
  const checked = specSchema.safeParse(value)
  if (checked.success) return checked.data
  const problems = problemsOf(checked.error)
  const name = isPlainObject(value) && isText(value.name) ? show(value.name) : 'without a name'
  const message = `Cannot use app ${name}: it has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`
  throw new Failure('CONFIG_INVALID', message, { details: firstProblems(problems) })
}

function exact<const Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? (issue.keys as string[]).map((key) => `${showPath([key])}: unknown key`).join('\n')
        : mustBe('an object', issue.input),
  })
}

function absolutePath() {
  return field<string>('an absolute path', (value) =>
    isText(value) && isAbsolute(value) ? value : undefined,
  )
}

function args() {
  return field<readonly string[]>('a list of texts', (value) => {
    const isList = Array.isArray(value) && value.every((arg) => arg === '' || isText(arg))
    return isList ? value : undefined
  })
}

function signal() {
  return field<NodeJS.Signals>('the name of a signal', (value) => (isSignal(value) ? value : undefined))
}

function record<Value extends object>(rule: string, isValue: (value: unknown) => value is Value) {
  return field<Value>(rule, (value) => (isValue(value) ? value : undefined))
}

function isEnvironment(value: unknown): value is AppSpec['env'] {
  return isPlainObject(value) && Object.entries(value).every(([name, text]) => isVariable(name, text))
}

function isVariable(name: string, value: unknown): boolean {
  return envNameProblem(name) === undefined && typeof value === 'string' && !value.includes('\0')
}

function isLimits(value: unknown): value is AppSpec['ulimits'] {
  return (
    isPlainObject(value) &&
    Object.entries(value).every(([name, limit]) => /^[a-z]+$/.test(name) && isLimit(limit))
  )
}
