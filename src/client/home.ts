import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** The folder of the daemon that is meant: what is given, `$UPKEEP_HOME`, or `~/.upkeep`. */
export function resolveHome(given?: string, env: NodeJS.ProcessEnv = process.env): string {
  const chosen = given ?? env.UPKEEP_HOME
  return chosen === undefined || chosen === '' ? join(homedir(), '.upkeep') : resolve(chosen)
}

/** The control socket in a home. */
export function controlSocketIn(home: string): string {
  return join(home, 'upkeep.sock')
}

/** True when a daemon has worked there: it knows apps even while none runs. */
export function hasState(home: string): boolean {
  return existsSync(join(home, 'state.json'))
}
