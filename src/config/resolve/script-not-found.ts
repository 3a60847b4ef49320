import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { Failure, isSystemError } from '../../base/failure.ts'
import { nearestName } from '../../base/nearest-name.ts'
import { show } from '../schema/show.ts'
import { isFile, isFolder } from './find-program.ts'
import type { LaunchRequest } from './launch.ts'
import { readPackage } from './package-json.ts'

/** Why there is nothing to start, and what was probably meant. */
export async function scriptNotFound(request: LaunchRequest, path: string): Promise<Failure> {
  const refuse = (reason: string, hint?: string) =>
    new Failure('SCRIPT_NOT_FOUND', `Cannot start app ${show(request.app)}: ${reason}`, { hint })
  if (isFolder(path)) {
    const found = await readPackage(path)
    const hint =
      found?.scripts.start === undefined ? 'Name the file' : 'It has an npm script: write "npm:start"'
    return refuse(`folder ${path} has no main, bin or index.js`, hint)
  }
  if (existsSync(path) && !isFile(path)) return refuse(`${path} is not a file`)
  const isPath = request.script.includes('/') || basename(path).includes('.')
  const what = isPath
    ? `script ${path} does not exist`
    : `${show(request.script)} is no file in ${request.cwd} and no program on PATH`
  return refuse(what, hintFor(request.script, path))
}

function hintFor(script: string, path: string): string | undefined {
  if (/\s/.test(script)) return 'Write the program in script and the rest in args'
  const near = nearestName(basename(path), namesIn(dirname(path)))
  return near === undefined ? undefined : `Did you mean "${near}"?`
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ENAMETOOLONG', 'ELOOP')) return []
    throw error
  }
}
