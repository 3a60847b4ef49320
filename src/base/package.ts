// This package, as it is installed: found from wherever this code was compiled or bundled to.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder with package.json, `bin` and `dist`; absolute, without symbolic links. */
export const PACKAGE_FOLDER = packageAbove(fileURLToPath(import.meta.url))

/** As it is on disk now: an update may have replaced the package since this process began. */
export function packageVersion(): string {
  const text = readFileSync(join(PACKAGE_FOLDER, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function packageAbove(path: string): string {
  const folder = dirname(path)
  return existsSync(join(folder, 'package.json')) ? folder : packageAbove(folder)
}
