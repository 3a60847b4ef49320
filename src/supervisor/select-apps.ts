// Which apps are meant by what somebody typed.
import { Failure } from '../base/failure.ts'
import { nearestName } from '../base/nearest-name.ts'
import type { App } from './app/app.ts'
import { matchNames } from './match-names.ts'

/** By name, `/regular expression/` or `all`. Throws when one means nothing. */
export function selectApps(apps: readonly App[], targets: readonly string[]): readonly App[] {
  return [...new Set(targets.flatMap((target) => select(apps, target)))]
}

/** The app of that name. Throws APP_NOT_FOUND. */
export function appNamed(apps: readonly App[], name: string): App {
  const app = apps.find((each) => each.name === name)
  if (app !== undefined) return app
  const names = apps.map((each) => each.name)
  const near = nearestName(name, names)
  const known = names.length === 0 ? 'There are no apps' : `Known apps: ${names.join(', ')}`
  throw new Failure('APP_NOT_FOUND', `Cannot find app "${name.slice(0, 100)}": there is no such app`, {
    hint: near === undefined ? known : `Did you mean "${near}"?`,
  })
}

function select(apps: readonly App[], target: string): readonly App[] {
  if (target === 'all') return apps
  const pattern = /^\/(.+)\/(i?)$/.exec(target)
  if (pattern === null) return [appNamed(apps, target)]
  const found = matching(apps, parseExpression(target, pattern[1] ?? '', pattern[2] ?? ''))
  if (found.length > 0) return found
  throw new Failure('APP_NOT_FOUND', `Cannot find an app that matches ${target}: none does`)
}

function matching(apps: readonly App[], expression: RegExp): readonly App[] {
  const names = new Set(
    matchNames(
      expression,
      apps.map(({ name }) => name),
    ),
  )
  return apps.filter(({ name }) => names.has(name))
}

function parseExpression(target: string, source: string, flags: string): RegExp {
  try {
    return new RegExp(source, flags)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure('USAGE', `Cannot read the regular expression ${target}: ${reason}`)
  }
}
