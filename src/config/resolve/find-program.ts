import { accessSync, constants, realpathSync, type Stats, statSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { isSystemError } from '../../base/failure.ts'

const UNREACHABLE = ['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP', 'ENAMETOOLONG'] as const

export interface SearchPlace {
  readonly cwd: string
  /** The value of PATH. */
  readonly path: string
}

/** The executable file that a command word stands for: a path, a command of an installed package, a program on PATH. */
export function findProgram(word: string, place: SearchPlace): string | undefined {
  if (word === '') return undefined
  if (word.includes('/')) {
    const file = resolve(place.cwd, word)
    return isExecutable(file) ? file : undefined
  }
  return findIn([...packageCommandFolders(place.cwd), ...pathFolders(place)], word)
}

/** The same without the commands of installed packages. */
export function findOnPath(word: string, place: SearchPlace): string | undefined {
  return findIn(pathFolders(place), word)
}

/** `node_modules/.bin` of a folder and of all above it. */
export function packageCommandFolders(folder: string): string[] {
  const own = join(folder, 'node_modules', '.bin')
  const parent = dirname(folder)
  return parent === folder ? [own] : [own, ...packageCommandFolders(parent)]
}

export function isExecutable(file: string): boolean {
  return isFile(file) && hasAccess(file, constants.X_OK)
}

export function isReadable(path: string): boolean {
  return hasAccess(path, constants.R_OK)
}

export function isFile(path: string): boolean {
  return tryStat(path)?.isFile() ?? false
}

export function isFolder(path: string): boolean {
  return tryStat(path)?.isDirectory() ?? false
}

function hasAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch (error) {
    if (isSystemError(error, ...UNREACHABLE, 'EPERM', 'EROFS', 'ETXTBSY')) return false
    throw error
  }
}

function tryStat(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    if (isSystemError(error, ...UNREACHABLE)) return undefined
    throw error
  }
}

function pathFolders({ cwd, path }: SearchPlace): string[] {
  return path.split(delimiter).map((folder) => resolve(cwd, folder))
}

function findIn(folders: readonly string[], word: string): string | undefined {
  const file = folders.map((folder) => join(folder, word)).find(isExecutable)
  // The folders of fnm live only as long as the shell they were made for.
  return file?.includes('/fnm_multishells/') ? realpathSync(file) : file
}
