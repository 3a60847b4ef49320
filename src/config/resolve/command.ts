import { readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findOnPath, findProgram, isFile, isReadable, type SearchPlace } from './find-program.ts'
import { isNodeName, tryReadShebang } from './shebang.ts'

/** A program to start and the arguments that belong to it rather than to the app. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly isNode: boolean
}

/** Finds a command word and, when it stands for a Node.js script, names node itself as the program. */
export function findCommand(word: string, place: SearchPlace): Command | undefined {
  // A shell in this place would not start the node of a package either.
  const file = isNodeName(word) && !word.includes('/') ? findOnPath(word, place) : findProgram(word, place)
  return file === undefined ? undefined : commandOf(file, place)
}

export function commandOf(file: string, place: SearchPlace): Command {
  if (isNodeName(file)) return { program: file, args: [], isNode: true }
  if (!isReadable(file)) return { program: file, args: [], isNode: false }
  const script = tryReadPackageShim(file) ?? realpathSync(file)
  const shebang = tryReadShebang(script)
  if (shebang === undefined || !isNodeName(shebang.program)) return { program: file, args: [], isNode: false }
  return { program: findNode(place), args: [...shebang.args, script], isNode: true }
}

/** The `node` that a shell would start in the place of the app. */
export function findNode(place: SearchPlace): string {
  const node = findOnPath('node', place) ?? findOnPath('nodejs', place)
  return node ?? process.execPath
}

/** pnpm puts shell scripts where npm puts links. */
function tryReadPackageShim(file: string): string | undefined {
  if (!dirname(file).endsWith('/node_modules/.bin')) return undefined
  if (tryReadShebang(file)?.program !== '/bin/sh') return undefined
  const target = /exec node +"\$basedir\/([^"$]+)" +"\$@"/.exec(readFileSync(file, 'utf8'))?.[1]
  if (target === undefined) return undefined
  const script = join(dirname(file), target)
  return isFile(script) ? realpathSync(script) : undefined
}
