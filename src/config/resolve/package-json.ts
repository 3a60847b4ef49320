import { dirname, join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { readText } from '../file/read-text.ts'
import { isPlainObject } from '../schema/plain-object.ts'
import { isFile } from './find-program.ts'

export interface PackageJson {
  readonly folder: string
  /** Without the scope. */
  readonly name: string | undefined
  readonly main: string | undefined
  readonly bin: string | undefined
  /** Its .js and .ts files are ES modules. */
  readonly isModule: boolean
  readonly scripts: Readonly<Record<string, string>>
}

/** The package.json of this folder or the nearest one above. */
export async function findPackage(folder: string): Promise<PackageJson | undefined> {
  const own = await readPackage(folder)
  if (own !== undefined || dirname(folder) === folder) return own
  return findPackage(dirname(folder))
}

export async function readPackage(folder: string): Promise<PackageJson | undefined> {
  const file = join(folder, 'package.json')
  if (!isFile(file)) return undefined
  const text = await readText(file, {
    what: 'file',
    missing: 'SCRIPT_NOT_FOUND',
    unreadable: 'SCRIPT_UNREADABLE',
  })
  const data = parse(file, text)
  const name = textOf(data.name)?.replace(/^@[^/]*\//, '')
  return {
    folder,
    name,
    main: textOf(data.main),
    bin: binOf(data.bin, name),
    isModule: data.type === 'module',
    scripts: textsOf(data.scripts),
  }
}

function parse(file: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const data: unknown = JSON.parse(text)
    if (isPlainObject(data)) return data
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Failure('SCRIPT_UNREADABLE', `Cannot read file ${file}: it is not valid JSON`)
}

/** A package with several commands means the one that has its own name. */
function binOf(bin: unknown, name: string | undefined): string | undefined {
  if (!isPlainObject(bin)) return textOf(bin)
  const commands = textsOf(bin)
  const only = Object.values(commands).length === 1 ? Object.values(commands)[0] : undefined
  return only ?? (name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined)
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function textsOf(value: unknown): Record<string, string> {
  if (!isPlainObject(value)) return {}
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])),
  )
}
