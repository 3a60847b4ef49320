import { readFileSync } from 'node:fs'

/** The version that runs. Read once, at the start: the package on disk may be replaced by another one. */
export const PACKAGE_VERSION = readVersion()

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
