import { basename, resolve } from 'node:path'
import { Failure } from '../../base/failure.ts'
import { show } from '../schema/show.ts'
import { isFile } from './find-program.ts'
import { readPackage } from './package-json.ts'

export interface FolderEntry {
  readonly file: string
  readonly name: string
}

/** The file a folder is started with: `main` or `bin` of its package.json, or index.js. */
export async function findEntry(app: string, folder: string): Promise<FolderEntry | undefined> {
  const found = await readPackage(folder)
  const name = found?.name ?? basename(folder)
  const named = found?.main ?? found?.bin
  if (named === undefined) {
    const index = resolve(folder, 'index.js')
    return isFile(index) ? { file: index, name } : undefined
  }
  // Node.js lets `main` leave out the ending, or name a folder.
  const candidates = [named, `${named}.js`, `${named}/index.js`].map((path) => resolve(folder, path))
  const file = candidates.find(isFile)
  if (file !== undefined) return { file, name }
  throw new Failure(
    'SCRIPT_NOT_FOUND',
    `Cannot start app ${show(app)}: ${folder}/package.json names ${show(named)}, which does not exist`,
    { hint: 'Was it built?' },
  )
}
