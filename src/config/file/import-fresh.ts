import { createRequire } from 'node:module'
import { dirname, extname } from 'node:path'
import { pathToFileURL } from 'node:url'
import { findPackage } from '../resolve/package-json.ts'
import { offerOwnPackage } from './own-package.ts'

type Namespace = Readonly<Record<string, unknown>>

const require = createRequire(import.meta.url)
let imports = 0

/** Imports a file of JavaScript or TypeScript as it is now, though it may have been imported before. */
export async function importFresh(path: string): Promise<Namespace> {
  offerOwnPackage()
  // The query makes a new module of a known file; CommonJS keeps its own cache beside it, to which tsx adds queries.
  imports += 1
  for (const key of Object.keys(require.cache)) if (key.split('?')[0] === path) delete require.cache[key]
  const url = `${pathToFileURL(path).href}?upkeep=${imports}`
  const isTypeScript = /^\.[cm]?ts$/.test(extname(path))
  if (isTypeScript && !readsTypeScript()) return importWithTsx(path, url)
  return withoutTypeWarnings(() => import(url))
}

/** How a project names its module type is not a matter of every command. */
async function withoutTypeWarnings<T>(work: () => Promise<T>): Promise<T> {
  const { emitWarning } = process
  process.emitWarning = (...warning: unknown[]) => {
    const [message] = warning
    if (/^Module type of|^Type Stripping is/.test(String(message))) return
    Reflect.apply(emitWarning, process, warning)
  }
  try {
    return await work()
  } finally {
    process.emitWarning = emitWarning
  }
}

function readsTypeScript(): boolean {
  return 'typescript' in process.features && Boolean(process.features.typescript)
}

// tsx imports CommonJS, too, but then an error does not tell its line.
async function importWithTsx(path: string, url: string): Promise<Namespace> {
  if (await isCommonJs(path)) {
    const tsx = await import('tsx/cjs/api')
    return { default: tsx.require(path, import.meta.url) }
  }
  const tsx = await import('tsx/esm/api')
  return await tsx.tsImport(url, import.meta.url)
}

async function isCommonJs(path: string): Promise<boolean> {
  const ending = extname(path)
  if (ending !== '.ts') return ending === '.cts'
  return (await findPackage(dirname(path)))?.isModule !== true
}
