import { realpath } from 'node:fs/promises'
import { Failure } from '../../base/failure.ts'
import { isPlainObject } from '../schema/plain-object.ts'
import { show } from '../schema/show.ts'
import { importFresh } from './import-fresh.ts'
import type { ConfigData } from './read-config.ts'
import { describeThrown } from './thrown.ts'

const DEADLINE_MS = 30_000

/** Runs a config that is code. It may export the config, a promise of it, or a function that returns either. */
export async function importConfig(file: string, environment: string | undefined): Promise<ConfigData> {
  try {
    return await withinDeadline(file, evaluate(file, environment))
  } catch (error) {
    if (error instanceof Failure) throw error
    const details = await describeThrown(await realpath(file), error)
    throw new Failure('CONFIG_UNREADABLE', `Cannot read config ${file}: it throws an error`, {
      details,
      cause: error,
    })
  }
}

async function evaluate(file: string, environment: string | undefined): Promise<ConfigData> {
  const exported = await exportedValue(file)
  if (typeof exported !== 'function') return { data: await exported, isComputed: false }
  return { data: await exported({ env: environment }), isComputed: true }
}

async function exportedValue(file: string): Promise<unknown> {
  const namespace = await importFresh(await realpath(file))
  const value = Object.hasOwn(namespace, 'default') ? unwrapped(namespace.default) : namespace
  if (isEmptyExport(value)) {
    throw new Failure('CONFIG_UNREADABLE', `Cannot read config ${file}: it exports ${shownExport(value)}`, {
      hint: 'Write "export default defineConfig({ apps: [ … ] })"',
    })
  }
  return isNamespace(value) ? { ...value } : value
}

// A module that was compiled to CommonJS carries its default export one level deeper.
function unwrapped(value: unknown): unknown {
  const isCompiled =
    typeof value === 'object' && value !== null && '__esModule' in value && 'default' in value
  return isCompiled ? value.default : value
}

function isEmptyExport(value: unknown): boolean {
  if (typeof value === 'function') return false
  if (typeof value !== 'object' || value === null) return true
  return (isPlainObject(value) || isNamespace(value)) && Object.keys(value).length === 0
}

function isNamespace(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && Object.prototype.toString.call(value) === '[object Module]'
  )
}

function shownExport(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'nothing' : show(value)
}

// A top-level await that never ends would end the command without a word.
async function withinDeadline<T>(file: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `Cannot read config ${file}: it did not finish within ${DEADLINE_MS / 1000}s`
      reject(new Failure('CONFIG_UNREADABLE', message))
    }, DEADLINE_MS)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    clearTimeout(timer)
  }
}
