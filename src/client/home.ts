import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

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

/** False where the next daemon would surely have no app; a state that cannot be read may name some. */
export function mayKnowApps(home: string): boolean {
  try {
    const state: unknown = JSON.parse(readFileSync(join(home, 'state.json'), 'utf8'))
    const apps = (state as { readonly apps?: unknown } | null)?.apps
    return !Array.isArray(apps) || apps.length > 0
  } catch {
    return hasState(home)
  }
}

/** The daemon that holds the lock beside this control socket. */
export function tryReadDaemonPid(socketPath: string): number | undefined {
  try {
    const text = readFileSync(join(dirname(socketPath), 'lock'), 'utf8').trim()
    return /^\d{1,10}$/.test(text) ? Number(text) : undefined
  } catch {
    return undefined
  }
}
