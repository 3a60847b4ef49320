import type * as z from 'zod'
import type { FailureCode } from '../base/failure.ts'
import { Failure } from '../base/failure.ts'
import { didYouMean } from '../base/nearest-name.ts'
import { type App, appSection, SECTIONS } from './schema/app.ts'
import { brokenRules } from './schema/app-rules.ts'
import { duplicateNames } from './schema/duplicate-names.ts'
import { isPlainObject } from './schema/plain-object.ts'
import { firstProblems, problemsOf } from './schema/problems.ts'
import { show } from './schema/show.ts'
import { appListSchema, configSection } from './schema/user-config.ts'

export interface ParsedApp {
  /** Where it stands in the file, such as `apps[0]`; empty when it is the whole file. */
  readonly path: string
  readonly app: App
}

interface ParseOptions {
  /** Where the data came from, for messages. */
  readonly file: string
  readonly environment: string | undefined
  /** A function made the data and was told the environment, so that no app has to know its name. */
  readonly isComputed?: boolean
}

/** Checks the whole config, reports all problems at once, and picks the values of the environment. */
export function parseConfig(data: unknown, options: ParseOptions): readonly ParsedApp[] {
  const { apps, problems } = checkConfig(data, options)
  if (problems.length > 0) throw invalidConfig(options.file, problems)
  return apps
}

export interface CheckedConfig {
  /** Those without a problem. */
  readonly apps: readonly ParsedApp[]
  readonly problems: readonly string[]
}

/** The same for whoever looks for further problems in the apps that have none so far. */
export function checkConfig(data: unknown, options: ParseOptions): CheckedConfig {
  const { schema, entries } = shapeOf(data, options.file)
  const parsed = schema.safeParse(data)
  const unknown = unknownEnvironment(entries, options)
  if (parsed.success) {
    if (unknown !== undefined) throw unknown
    return checkedTogether(entries, options)
  }
  const problems = [...problemsOf(parsed.error), ...duplicateNames(entries.map(named))]
  if (unknown !== undefined) problems.push(unknown.message)
  const sound = entries.filter(({ data }) => appSection.schema.safeParse(data).success)
  const further = checkedTogether(sound, options)
  // Two sound apps of one name are found twice.
  return { apps: further.apps, problems: [...new Set([...problems, ...further.problems])] }
}

/** One app that was put together by a command. */
export function parseApp(data: unknown, source: string, code: FailureCode = 'CONFIG_INVALID'): App {
  const parsed = appSection.schema.safeParse(data)
  if (!parsed.success) throw invalidConfig(source, problemsOf(parsed.error), code)
  const problems = brokenRules(parsed.data)
  if (problems.length > 0) throw invalidConfig(source, problems, code)
  return parsed.data
}

export function invalidConfig(
  source: string,
  problems: readonly string[],
  code: FailureCode = 'CONFIG_INVALID',
): Failure {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return new Failure(code, `Cannot use ${source}: it has ${count}`, {
    details: firstProblems(problems),
    hint: problems.some(isKeyOfPm2)
      ? 'Keys of pm2 have other names here: see docs/guide/from-pm2.md'
      : undefined,
  })
}

/** Its keys are in snake_case, and none here is. */
function isKeyOfPm2(problem: string): boolean {
  return /^\S*\b[a-z]+(?:_[a-z]+)+: unknown key/.test(problem)
}

/** An app as it is written, and where. */
interface Entry {
  readonly path: string
  readonly data: unknown
}

interface Shape {
  readonly schema: z.ZodType
  readonly entries: readonly Entry[]
}

function shapeOf(data: unknown, file: string): Shape {
  if (Array.isArray(data)) return { schema: appListSchema, entries: listed(data, '') }
  if (!isPlainObject(data))
    throw invalidConfig(file, [`must be an object or a list of apps, got ${show(data)}`])
  const isOneApp = data.apps === undefined && (data.script !== undefined || data.name !== undefined)
  if (isOneApp) return { schema: appSection.schema, entries: [{ path: '', data }] }
  return {
    schema: configSection.schema,
    entries: Array.isArray(data.apps) ? listed(data.apps, 'apps') : [],
  }
}

function listed(apps: readonly unknown[], root: string): Entry[] {
  return apps.map((data, index) => ({ path: `${root}[${index}]`, data }))
}

function named({ path, data }: Entry) {
  const { name } = asData(data)
  return { path, name: typeof name === 'string' ? name : undefined }
}

type Data = Readonly<Record<string, unknown>>

function unknownEnvironment(entries: readonly Entry[], options: ParseOptions): Failure | undefined {
  const { environment, file, isComputed } = options
  if (environment === undefined || isComputed === true) return undefined
  const known = [...new Set(entries.flatMap(({ data }) => Object.keys(asData(asData(data).environments))))]
  if (known.includes(environment)) return undefined
  const list =
    known.length === 0 ? 'it names none' : `it knows ${known.map((name) => `"${name}"`).join(', ')}`
  return new Failure('CONFIG_INVALID', `Cannot use environment ${show(environment)} of ${file}: ${list}`, {
    hint: known.length === 0 ? 'Add it under "environments" of an app' : hintFor(environment, known),
  })
}

function hintFor(environment: string, known: readonly string[]): string | undefined {
  const question = didYouMean(environment, known)
  return question === '' ? undefined : question.replace(', d', 'D')
}

/** Keys of the environment win; sections and `env` are merged key by key. */
function overridden(app: Data, overrides: unknown): Data {
  const merged: Record<string, unknown> = { ...app }
  for (const [key, value] of Object.entries(asData(overrides))) {
    if (value === undefined) continue
    merged[key] = key === 'env' || key in SECTIONS ? mergedSection(key, app[key], value) : value
  }
  return merged
}

function mergedSection(key: string, base: unknown, override: unknown): Data {
  const expand = Object.entries(SECTIONS).find(([name]) => name === key)?.[1].expand
  if (expand === undefined) return { ...asData(base), ...asData(override) }
  return { ...asData(expand(base)), ...asData(expand(override)) }
}

function asData(value: unknown): Data {
  return isPlainObject(value) ? value : {}
}

function ownValue(data: Data, key: string): unknown {
  return Object.hasOwn(data, key) ? data[key] : undefined
}

function checkedTogether(entries: readonly Entry[], { environment }: ParseOptions): CheckedConfig {
  const apps = entries.map(({ path, data }) => {
    const app = asData(data)
    const chosen =
      environment === undefined ? app : overridden(app, ownValue(asData(app.environments), environment))
    return { path, app: appSection.schema.parse(chosen) }
  })
  const problems = apps.flatMap(({ path, app }) =>
    brokenRules(app).map((problem) => (path === '' ? problem : `${path}.${problem}`)),
  )
  problems.push(...duplicateNames(apps.map(({ path, app }) => ({ path, name: app.name }))))
  return { apps, problems }
}
