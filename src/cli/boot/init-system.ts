import { existsSync } from 'node:fs'
import { Failure } from '../../base/failure.ts'

export const INIT_SYSTEMS = ['systemd', 'openrc', 'upstart', 'launchd'] as const

export type InitSystem = (typeof INIT_SYSTEMS)[number]

/** A file that is there while this init system runs, not only when it is installed. */
const SIGNS: readonly (readonly [InitSystem, string])[] = [
  ['systemd', '/run/systemd/system'],
  ['openrc', '/run/openrc/softlevel'],
  ['launchd', '/sbin/launchd'],
  ['upstart', '/run/upstart'],
]

/** What runs here; undefined when it is none that is known, as in most containers. */
export function runningInit(): InitSystem | undefined {
  return SIGNS.find(([, path]) => existsSync(path))?.[0]
}

export function parseInit(text: string): InitSystem {
  const found = INIT_SYSTEMS.find((name) => name === text)
  if (found !== undefined) return found
  throw new Failure('USAGE', `Cannot use --init "${text.slice(0, 50)}": it is not known`, {
    hint: `It is ${INIT_SYSTEMS.join(', ')}`,
  })
}
