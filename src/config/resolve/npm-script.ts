// An npm script is started without npm and without a shell: both stand between the daemon and the app, lose signals
// and leave orphans. So only what a shell is not needed for can be started, and the error for the rest says how.
import { delimiter } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { didYouMean } from '../../base/nearest-name.ts'
import { show } from '../schema/show.ts'
import { splitWords, type Variables } from '../words.ts'
import { type Command, commandOf } from './command.ts'
import { findProgram, packageCommandFolders, type SearchPlace } from './find-program.ts'
import { findPackage, type PackageJson } from './package-json.ts'

export interface NpmReference {
  readonly scriptName: string
  /** What follows it on the line. */
  readonly args: readonly string[]
}

export interface NpmScript {
  readonly command: Command
  readonly folder: string
  /** Variables that the script sets for its command. */
  readonly env: Readonly<Record<string, string>>
  readonly packageName: string | undefined
}

const RUNNERS = ['npm', 'pnpm', 'yarn']
const OWN_COMMANDS = ['start', 'stop', 'restart', 'test']
const DEEPEST = 10

/** `npm:start`, `npm start`, `npm run start -- --port 1`; undefined for everything else. */
export function tryParseNpmReference(script: string, args: readonly string[]): NpmReference | undefined {
  if (script.startsWith('npm:')) return { scriptName: script.slice('npm:'.length), args }
  const [runner = '', ...rest] = [...script.trim().split(/\s+/), ...args]
  const words = rest.filter((word, index) => index > 1 || !/^(?:-s|--silent)$/.test(word))
  if (runner === 'node' && words[0] === '--run') return reference(words.slice(1))
  if (!RUNNERS.includes(runner)) return undefined
  if (words[0] === 'run' || words[0] === 'run-script') return reference(words.slice(1))
  return OWN_COMMANDS.includes(words[0] ?? '') ? reference(words) : undefined
}

function reference(words: readonly string[]): NpmReference | undefined {
  const [scriptName, ...args] = words
  if (scriptName === undefined || scriptName.startsWith('-')) return undefined
  return { scriptName, args: args[0] === '--' ? args.slice(1) : args }
}

export async function resolveNpmScript(
  app: string,
  scriptName: string,
  place: SearchPlace & { readonly variables: Variables },
): Promise<NpmScript> {
  const found = await findPackage(place.cwd)
  if (found === undefined) {
    const message = `Cannot start app ${show(app)}: there is no package.json in ${place.cwd} or above`
    throw new Failure('SCRIPT_NOT_FOUND', message)
  }
  const path = [...packageCommandFolders(found.folder), place.path].join(delimiter)
  const scriptPlace = { cwd: found.folder, path }
  const { words, env } = expandScript({ app, found, variables: place.variables }, scriptName, DEEPEST)
  const [word = '', ...args] = words
  const file = findProgram(word, scriptPlace)
  if (file === undefined) {
    const message = `Cannot start app ${show(app)}: ${show(word)}, which npm script ${show(scriptName)} runs, was not found`
    throw new Failure('SCRIPT_NOT_FOUND', message, { hint: 'Are the dependencies installed?' })
  }
  const command = commandOf(file, scriptPlace)
  return {
    command: { ...command, args: [...command.args, ...args] },
    folder: found.folder,
    env: { PATH: path, ...env },
    packageName: found.name,
  }
}

interface Expanded {
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

interface Reading {
  readonly app: string
  readonly found: PackageJson
  readonly variables: Variables
}

function expandScript(reading: Reading, scriptName: string, depth: number): Expanded {
  const { env, words } = withoutAssignments(simpleWords(reading, scriptName))
  const [program = '', ...args] = words
  const next = tryParseNpmReference(program, args)
  if (next === undefined) return { words, env }
  if (depth === 0) {
    throw new Failure(
      'SCRIPT_UNREADABLE',
      `Cannot start app ${show(reading.app)}: npm script ${show(scriptName)} runs itself`,
    )
  }
  const inner = expandScript(reading, next.scriptName, depth - 1)
  return { words: [...inner.words, ...next.args], env: { ...env, ...inner.env } }
}

function scriptText(app: string, found: PackageJson, scriptName: string): string {
  const names = Object.keys(found.scripts)
  const text = Object.hasOwn(found.scripts, scriptName) ? found.scripts[scriptName] : undefined
  if (text !== undefined) return text
  const known =
    names.length === 0 ? 'it has no scripts' : `it has ${names.map((name) => show(name)).join(', ')}`
  throw new Failure(
    'SCRIPT_NOT_FOUND',
    `Cannot start app ${show(app)}: ${found.folder}/package.json has no script ${show(scriptName)}${didYouMean(scriptName, names)}`,
    { details: [known] },
  )
}

function simpleWords({ app, found, variables }: Reading, scriptName: string): readonly string[] {
  const { words, shellSyntax, openQuote } = splitWords(scriptText(app, found, scriptName), variables)
  const needs = openQuote === undefined ? shellSyntax : openQuote
  if (needs !== undefined) {
    const message = `Cannot start app ${show(app)}: npm script ${show(scriptName)} needs a shell for ${show(needs)}`
    throw new Failure('SCRIPT_UNREADABLE', message, {
      hint: `Start the program itself, or write script: 'bash', args: ['-c', …], reload: 'stop-first'`,
    })
  }
  if (words.length > 0) return words
  throw new Failure(
    'SCRIPT_UNREADABLE',
    `Cannot start app ${show(app)}: npm script ${show(scriptName)} is empty`,
  )
}

/** `cross-env` and `exec` do nothing that is not done here. */
function withoutAssignments(all: readonly string[]): Expanded {
  const env: Record<string, string> = {}
  let index = 0
  for (; index < all.length; index += 1) {
    const word = all[index] ?? ''
    const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(word)
    if (assignment?.[1] !== undefined) env[assignment[1]] = assignment[2] ?? ''
    else if (word !== 'cross-env' && word !== 'exec') break
  }
  return { words: all.slice(index), env }
}
