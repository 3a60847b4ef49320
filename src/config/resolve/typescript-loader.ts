import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Failure } from '../../base/failure.ts'
import { askProgram } from '../ask-program.ts'
import { show } from '../schema/show.ts'

/** Arguments with which this node runs a TypeScript file of this folder: none where it can by itself. */
export async function typescriptArgs(
  node: string,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<string[]> {
  const version = await readNodeVersion(node, env)
  return readsTypeScript(version) ? [] : ['--import', pathToFileURL(findTsx(folder)).href]
}

export function readsTypeScript(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  return major >= 24 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18)
}

/** The app's own tsx, else the one that came with Upkeep. */
function findTsx(folder: string): string {
  for (const origin of [join(folder, 'package.json'), import.meta.url]) {
    try {
      return createRequire(origin).resolve('tsx')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND')) throw error
    }
  }
  throw new Error('tsx is a dependency and was not installed')
}

const versions = new Map<string, string>()

async function readNodeVersion(node: string, env: NodeJS.ProcessEnv): Promise<string> {
  if (realpathSync(node) === process.execPath) return process.version
  const known = versions.get(node)
  if (known !== undefined) return known
  const { stdout, isSuccess } = await askProgram(node, ['--version'], { PATH: env.PATH, HOME: env.HOME })
  const version = stdout.trim()
  if (!isSuccess || !/^v\d+\.\d+\.\d+/.test(version)) {
    throw new Failure(
      'INTERPRETER_NOT_FOUND',
      `Cannot use ${show(node)} as Node.js: it does not tell its version`,
    )
  }
  versions.set(node, version)
  return version
}
