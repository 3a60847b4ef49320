import { renderDuration } from '../../base/duration.ts'
import { hideSecretsInArgs } from '../../base/secret.ts'
import { renderSize } from '../../base/size.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import type { SpecChange } from '../../protocol/control.ts'

type Fields = SpecChange['fields']

export interface SpecDifference {
  readonly change: 'unchanged' | 'scale' | 'reload' | 'restart'
  readonly fields: Fields
}

/** What has to be done to an app, and why, when its spec becomes another. */
export function compareSpecs(before: AppSpec, after: AppSpec): SpecDifference {
  const fields = [...settingFields(before, after), ...envFields(before.env, after.env)]
  return { change: changeFor(fields, after), fields }
}

function changeFor(fields: Fields, after: AppSpec): SpecDifference['change'] {
  if (fields.length === 0) return 'unchanged'
  if (fields.every(({ path }) => path === 'instances')) return 'scale'
  // A reload keeps the sockets, so it cannot change their kind.
  const needsNewSockets = fields.some(({ path }) => path === 'balance')
  return needsNewSockets || after.reload.order === 'stop-first' ? 'restart' : 'reload'
}

function settingFields(before: AppSpec, after: AppSpec): Fields {
  const old = settingsOf(before)
  const now = settingsOf(after)
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((path) => {
    const [from, to] = [old.get(path), now.get(path)]
    if (from?.value === to?.value) return []
    return { path, from: from?.shown ?? '', to: to?.shown ?? '' }
  })
}

interface Setting {
  /** Tells settings apart. */
  readonly value: string
  /** What people see: no secrets, units in words. */
  readonly shown: string
}

function settingsOf(spec: AppSpec): ReadonlyMap<string, Setting> {
  const settings = new Map<string, Setting>()
  for (const [key, value] of Object.entries(spec)) {
    if (key === 'env') continue
    if (isGroup(value)) {
      for (const [inner, setting] of Object.entries(value)) add(settings, `${key}.${inner}`, setting)
    } else add(settings, key, value)
  }
  return settings
}

function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function add(settings: Map<string, Setting>, key: string, value: unknown): void {
  settings.set(key.replace(/(?:EveryMs|Ms|Bytes)$/, ''), {
    value: JSON.stringify(value),
    shown: shownAs(key, value),
  })
}

function shownAs(key: string, value: unknown): string {
  if (Array.isArray(value)) return hideSecretsInArgs(value.map(String)).map(quotedIfNeeded).join(' ')
  if (typeof value === 'number' && key.endsWith('Ms')) return renderDuration(value)
  if (typeof value === 'number' && key.endsWith('Bytes')) return renderSize(value)
  return value === null ? 'none' : String(value)
}

function quotedIfNeeded(arg: string): string {
  return /^[^\s"'\\]+$/.test(arg) ? arg : JSON.stringify(arg)
}

/** Values are never shown: they may be secrets. */
function envFields(before: AppSpec['env'], after: AppSpec['env']): Fields {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  return names.flatMap((name) => {
    const isOld = Object.hasOwn(before, name)
    const isNew = Object.hasOwn(after, name)
    if (isOld && isNew && before[name] === after[name]) return []
    const to = isOld ? (isNew ? '[changed]' : '[removed]') : '[set]'
    return { path: `env.${name}`, from: isOld ? '[set]' : '', to }
  })
}
