import { dirname, resolve } from 'node:path'
import type { Failure } from '../base/failure.ts'
import type { AppSpec } from '../protocol/app-spec.ts'
import { readConfig } from './file/read-config.ts'
import { checkConfig, invalidConfig, type ParsedApp } from './parse-config.ts'
import { Failures, type Surroundings, tryResolveApp } from './resolve/resolve-app.ts'
import { duplicateNames } from './schema/duplicate-names.ts'

export interface LoadConfigOptions {
  readonly file: string
  /** Picks the values under `environments`. */
  readonly environment?: string | undefined
  readonly processEnv: NodeJS.ProcessEnv
  /** What `~` stands for. */
  readonly home?: string | undefined
  /** Leave out apps that cannot be started, such as one whose script is missing, rather than fail. */
  readonly keepGoing?: boolean
}

export interface LoadedConfig {
  /** Absolute. */
  readonly file: string
  readonly apps: readonly AppSpec[]
  /** What was left out. */
  readonly failures: readonly Failure[]
}

/** Reads a config file, checks all of it, and resolves every app to what the daemon runs. */
export async function loadConfig(options: LoadConfigOptions): Promise<LoadedConfig> {
  const file = resolve(options.file)
  const { data, isComputed } = await readConfig(file, options.environment)
  const checked = checkConfig(data, { file, environment: options.environment, isComputed })
  const { apps, failures } = await resolveAll(checked.apps, {
    folder: dirname(file),
    processEnv: options.processEnv,
    home: options.home ?? options.processEnv.HOME,
    inheritEnv: false,
  })
  if (checked.problems.length > 0)
    throw invalidConfig(file, [...checked.problems, ...failures.map(inOneLine)])
  if (failures.length > 0 && options.keepGoing !== true) throw together(file, failures)
  // Only now names that were made from scripts are known.
  const duplicates = duplicateNames(apps.map(({ path, spec }) => ({ path, name: spec.name })))
  if (duplicates.length > 0) throw invalidConfig(file, duplicates)
  return { file, apps: apps.map(({ spec }) => spec), failures }
}

async function resolveAll(parsed: readonly ParsedApp[], around: Surroundings) {
  const apps: { path: string; spec: AppSpec }[] = []
  const failures: Failure[] = []
  for (const { path, app } of parsed) {
    const resolved = await tryResolveApp(app, around)
    if (resolved instanceof Failures) failures.push(...resolved.all)
    else apps.push({ path, spec: resolved })
  }
  return { apps, failures }
}

function together(file: string, failures: readonly Failure[]): Failure {
  const [first] = failures
  if (first !== undefined && failures.length === 1) return first
  return invalidConfig(file, failures.map(inOneLine))
}

function inOneLine({ message, hint }: Failure): string {
  return hint === undefined ? message : `${message}. ${hint}`
}
