import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Failure, isSystemError } from '../../base/failure.ts'

const ENDINGS = ['ts', 'mts', 'js', 'mjs', 'cjs', 'cts', 'json', 'yaml', 'yml']

/** The config file of a folder; undefined when it has none. */
export function findConfig(directory: string): string | undefined {
  const present = new Set(namesIn(directory))
  const found = ENDINGS.map((ending) => `upkeep.config.${ending}`).filter((name) => present.has(name))
  if (found.length > 1) {
    throw new Failure(
      'CONFIG_INVALID',
      `Cannot choose a config in ${directory}: it has ${found.join(' and ')}`,
      {
        hint: 'Remove one, or name the one you mean',
      },
    )
  }
  return found[0] === undefined ? undefined : join(directory, found[0])
}

/** True when the file is meant to be a config, not a script to run. */
export function isConfigName(file: string): boolean {
  return (
    /(?:^|[/\\])[^/\\]*\.config\.(?:[cm]?[jt]s|json|ya?ml)$|\.(?:json|ya?ml)$/.test(file) &&
    !/(?:^|[/\\])package\.json$/.test(file)
  )
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return []
    throw error
  }
}
