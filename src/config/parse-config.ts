import type * as z from 'zod'
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
export function parseConfig(data: unknown, options: ParseOptions): ParsedApp[] {
  const { schema, root, written } = shapeOf(data, options.file)
  const paths = written.map((_, index) => (root === undefined ? '' : `${root}[${index}]`))
  const parsed = schema.safeParse(data)
  if (!parsed.success) {
    throw invalidConfig(options.file, [...problemsOf(parsed.error), ...duplicateNames(named(written, paths))])
  }
  const chosen = withEnvironment(written.filter(isPlainObject), options)
  return checkedTogether(chosen, paths, options.file)
}

/** One app that was put together by a command. */
export function parseApp(data: unknown, source: string): App {
  const parsed = appSection.schema.safeParse(data)
  if (!parsed.success) throw invalidConfig(source, problemsOf(parsed.error))
  const problems = brokenRules(parsed.data)
  if (problems.length > 0) throw invalidConfig(source, problems)
  return parsed.data
}

export function invalidConfig(source: string, problems: readonly string[]): Failure {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return new Failure('CONFIG_INVALID', `Cannot use ${source}: it has ${count}`, {
    details: firstProblems(problems),
  })
}

interface Written {
  readonly schema: z.ZodType
  /** Path of the list of apps; undefined when the file is one app. */
  readonly root: string | undefined
  readonly written: readonly unknown[]
}

function shapeOf(data: unknown, file: string): Written {
  if (Array.isArray(data)) return { schema: appListSchema, root: '', written: data }
  if (!isPlainObject(data))
    throw invalidConfig(file, [`must be an object or a list of apps, got ${show(data)}`])
  const isOneApp = data.apps === undefined && (data.script !== undefined || data.name !== undefined)
  if (isOneApp) return { schema: appSection.schema, root: undefined, written: [data] }
  return { schema: configSection.schema, root: 'apps', written: Array.isArray(data.apps) ? data.apps : [] }
}

function named(written: readonly unknown[], paths: readonly string[]) {
  return written.map((app, index) => ({
    path: paths[index] ?? '',
    name: isPlainObject(app) && typeof app.name === 'string' ? app.name : undefined,
  }))
}

type Data = Readonly<Record<string, unknown>>

function withEnvironment(apps: readonly Data[], options: ParseOptions): Data[] {
  const { environment, file, isComputed } = options
  if (environment === undefined) return [...apps]
  const known = [...new Set(apps.flatMap((app) => Object.keys(asData(app.environments))))]
  if (!known.includes(environment) && isComputed !== true) throw unknownEnvironment(environment, known, file)
  return apps.map((app) => overridden(app, ownValue(asData(app.environments), environment)))
}

function unknownEnvironment(environment: string, known: readonly string[], file: string): Failure {
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

function checkedTogether(chosen: readonly Data[], paths: readonly string[], file: string): ParsedApp[] {
  const apps = chosen.map((data, index) => ({ path: paths[index] ?? '', app: appSection.schema.parse(data) }))
  const problems = apps.flatMap(({ path, app }) =>
    brokenRules(app).map((problem) => (path === '' ? problem : `${path}.${problem}`)),
  )
  problems.push(...duplicateNames(apps.map(({ path, app }) => ({ path, name: app.name }))))
  if (problems.length > 0) throw invalidConfig(file, problems)
  return apps
}
