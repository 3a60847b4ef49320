import { resolve } from 'node:path'
import type { Account } from './account.ts'
import { readEnvFile } from './env-file.ts'
import { expandHome } from './expand-home.ts'

type Env = Readonly<Record<string, string>>

export interface EnvironmentRequest {
  /** The environment of the command. */
  readonly processEnv: NodeJS.ProcessEnv
  readonly inheritEnv: boolean | readonly string[]
  readonly envFiles: readonly string[]
  readonly env: Readonly<Record<string, string | null>>
  readonly account: Account | null
  readonly cwd: string
  readonly home: string | undefined
}

const ALWAYS = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_*', 'TZ', 'TMPDIR']
// What npm, a shell and Upkeep itself leave behind says nothing about the app.
const NEVER = ['npm_*', 'UPKEEP_*', '_', 'SHLVL', 'OLDPWD', 'PWD']
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The whole environment of an app. Later wins: the command's, the account's, the files', the config's. */
export async function resolveEnvironment(request: EnvironmentRequest): Promise<Env> {
  const fromFiles = await readEnvFiles(request)
  const merged: Record<string, string | null> = {
    PATH: DEFAULT_PATH,
    NODE_ENV: 'production',
    ...inherited(request),
    ...accountVariables(request.account),
    ...fromFiles,
    ...request.env,
  }
  return Object.fromEntries(
    Object.entries(merged).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  )
}

function inherited({ processEnv, inheritEnv, cwd }: EnvironmentRequest): Env {
  const isEverything = inheritEnv === true
  const wanted = typeof inheritEnv === 'boolean' ? ALWAYS : [...ALWAYS, ...inheritEnv]
  const taken = Object.entries(processEnv).filter(([name]) =>
    isEverything ? !isNamed(name, NEVER) : isNamed(name, wanted),
  )
  const env = Object.fromEntries(
    taken.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
  return isEverything ? { ...env, PWD: cwd } : env
}

function isNamed(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern,
  )
}

// An app that runs as somebody else must not look for its files in root's home.
function accountVariables(account: Account | null): Env {
  if (account === null) return {}
  const { name, home, shell } = account.user
  return { HOME: home, USER: name, LOGNAME: name, SHELL: shell }
}

async function readEnvFiles({ envFiles, cwd, home }: EnvironmentRequest): Promise<Env> {
  const merged: Record<string, string> = {}
  for (const file of envFiles) Object.assign(merged, await readEnvFile(resolve(cwd, expandHome(file, home))))
  return merged
}
