// The program and arguments that become a worker: the app's own, so that pid and `ps` are the app's. Limits are set by
// prlimit(1), which puts itself out of the way.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { PACKAGE_FOLDER } from '../../base/package.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'

/** Not by name: the app's own PATH would decide which program that is. */
const PRLIMIT = '/usr/bin/prlimit'

export const AGENT_PATH = join(PACKAGE_FOLDER, 'dist', 'preload', 'agent', 'main.js')

export interface Launch {
  readonly program: string
  readonly args: readonly string[]
}

/** Throws SPAWN_FAILED when limits are asked for and prlimit(1) is not there. */
export function launchOf({ name, program, programArgs, args, ulimits }: AppSpec): Launch {
  const limits = Object.entries(ulimits).map(([limit, value]) => `--${limit}=${value}:${value}`)
  if (limits.length === 0) return { program, args: [...programArgs, ...args] }
  if (existsSync(PRLIMIT))
    return { program: PRLIMIT, args: [...limits, '--', program, ...programArgs, ...args] }
  throw new Failure('SPAWN_FAILED', `Cannot set the ulimits of "${name}": ${PRLIMIT} is not installed`, {
    hint: 'Install util-linux, or remove "ulimits" from the config',
  })
}

/** NODE_OPTIONS that preloads the agent in front of what the user asked for. */
export function withAgent(nodeOptions: string | undefined): string {
  const preload = `--require="${AGENT_PATH.replaceAll(/["\\]/g, '\\$&')}"`
  return nodeOptions === undefined || nodeOptions === '' ? preload : `${preload} ${nodeOptions}`
}
