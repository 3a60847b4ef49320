import { extname } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { show } from '../schema/show.ts'
import { importConfig } from './import-config.ts'
import { parseJson, parseYaml } from './parse-data.ts'
import { readText } from './read-text.ts'

export interface ConfigData {
  readonly data: unknown
  /** A function made it and was told the environment. */
  readonly isComputed: boolean
}

/** Whatever the file says, not checked yet. */
export async function readConfig(file: string, environment: string | undefined): Promise<ConfigData> {
  const text = await readText(file, {
    what: 'config',
    missing: 'CONFIG_NOT_FOUND',
    unreadable: 'CONFIG_UNREADABLE',
  })
  if (text.trim() === '') throw new Failure('CONFIG_UNREADABLE', `Cannot read config ${file}: it is empty`)
  switch (extname(file).toLowerCase()) {
    case '.json':
      return { data: parseJson(file, text), isComputed: false }
    case '.yaml':
    case '.yml':
      return { data: await parseYaml(file, text), isComputed: false }
    case '.js':
    case '.mjs':
    case '.cjs':
    case '.ts':
    case '.mts':
    case '.cts':
      return importConfig(file, environment)
    default:
      throw new Failure(
        'CONFIG_UNREADABLE',
        `Cannot read config ${file}: ${show(extname(file))} is not known`,
        {
          hint: 'A config ends in .ts, .mts, .cts, .js, .mjs, .cjs, .json, .yaml or .yml',
        },
      )
  }
}
