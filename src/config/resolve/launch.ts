import { basename, dirname, extname, resolve } from 'node:path'
import type { Variables } from '../words.ts'
import { type Command, findCommand } from './command.ts'
import { directTsx } from './direct-tsx.ts'
import { expandHome } from './expand-home.ts'
import { isFile, isFolder } from './find-program.ts'
import { findEntry } from './folder-entry.ts'
import { withInterpreterArgs } from './interpreter-args.ts'
import { resolveNpmScript, tryParseNpmReference } from './npm-script.ts'
import { isScriptName, runFile } from './script-file.ts'
import { scriptNotFound } from './script-not-found.ts'

/** What a config says about how to start an app. */
export interface LaunchRequest {
  /** What messages call the app. */
  readonly app: string
  readonly script: string
  readonly args: readonly string[]
  readonly interpreter: string | undefined
  readonly interpreterArgs: readonly string[]
  readonly cwd: string
  /** The value of PATH in the environment of the app. */
  readonly path: string
  /** The environment of the app, which an npm script may name. */
  readonly variables: Variables
  readonly home: string | undefined
}

/** The process that follows from it. */
export interface Launch {
  /** For display. */
  readonly script: string
  readonly command: Command
  readonly args: readonly string[]
  readonly cwd: string
  /** Variables that come with the script. */
  readonly env: Readonly<Record<string, string>>
  readonly defaultName: string
}

export async function resolveLaunch(request: LaunchRequest): Promise<Launch> {
  const launch = await findLaunch(request)
  return { ...launch, command: directTsx(launch.command, launch.args) }
}

async function findLaunch(request: LaunchRequest): Promise<Launch> {
  const reference = tryParseNpmReference(request.script, request.args)
  if (reference !== undefined) return launchNpmScript(request, reference.scriptName, reference.args)
  const path = resolve(request.cwd, expandHome(request.script, request.home))
  const isPackageFile = basename(path) === 'package.json' && isFile(path)
  if (isFile(path) && !isPackageFile) return launchFile(request, path, fileName(path))
  const folder = isPackageFile ? dirname(path) : path
  const entry = isFolder(folder) ? await findEntry(request.app, folder) : undefined
  if (entry !== undefined) return launchFile(request, entry.file, entry.name)
  const isWord = !request.script.includes('/') && !isScriptName(request.script)
  const command = isWord ? findCommand(request.script, request) : undefined
  if (command === undefined) throw await scriptNotFound(request, path)
  return {
    ...plain(request),
    script: request.script,
    command: withInterpreterArgs(request, command),
    defaultName: fileName(request.script),
  }
}

async function launchNpmScript(
  request: LaunchRequest,
  scriptName: string,
  args: readonly string[],
): Promise<Launch> {
  const found = await resolveNpmScript(request.app, scriptName, request)
  const packageName = found.packageName ?? basename(found.folder)
  return {
    script: `npm:${scriptName}`,
    command: withInterpreterArgs(request, found.command),
    args,
    cwd: found.folder,
    env: found.env,
    defaultName: scriptName === 'start' ? packageName : scriptName,
  }
}

async function launchFile(request: LaunchRequest, file: string, defaultName: string): Promise<Launch> {
  return { ...plain(request), script: file, command: await runFile(request, file), defaultName }
}

function plain({ args, cwd }: LaunchRequest) {
  return { args, cwd, env: {} }
}

/** `server.js` is `server`, but `index.js` says nothing: its folder does. */
function fileName(file: string): string {
  const name = basename(file, extname(file))
  return name === 'index' ? basename(dirname(file)) : name
}
