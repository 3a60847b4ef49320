import { envNameProblem } from '../rules/env-name.ts'
import { isText } from '../rules/text-rule.ts'
import { field, type Refuse } from './field.ts'
import { isPlainObject } from './plain-object.ts'

/** A value as the user may write it. Objects become JSON, null removes the variable. */
export type EnvValue = string | number | boolean | null | undefined | object

export function envField() {
  return field<Readonly<Record<string, EnvValue>>, Readonly<Record<string, string | null>>>(
    'an object of names and values',
    (value, refuse) => {
      if (!isPlainObject(value)) return undefined
      const entries = Object.entries(value)
      // Values are never shown: they may be secrets.
      return Object.fromEntries(entries.map(([name, given]) => [name, envText(name, given, refuse) ?? null]))
    },
  )
}

function envText(name: string, value: unknown, refuse: Refuse): string | null | undefined {
  const problem = envNameProblem(name)
  if (problem !== undefined) return refuse(problem, name)
  if (value === undefined || value === null) return null
  const written = toText(value)
  if (written === undefined) return refuse('must be text, a number, true, false, null or plain data', name)
  return written.includes('\0') ? refuse('must not contain a NUL byte', name) : written
}

function toText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value)
  if (typeof value !== 'object') return undefined
  try {
    return JSON.stringify(value)
  } catch {
    // Circular, or holds something JSON has no word for.
    return undefined
  }
}

/** `true` for everything the caller has, or names; a name may end in `*`. */
export function inheritEnvField() {
  return field<boolean | readonly string[]>('true, false or a list of names', (value) =>
    typeof value === 'boolean' || isTextList(value) ? value : undefined,
  )
}

export function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isText)
}
