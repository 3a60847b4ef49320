// Another version of the package beside this one: a copy with another number, and other changes where a test needs them.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from './package-root.ts'

export interface OtherVersion {
  readonly version: string
  readonly protocol?: number
  /** Files of the package and what to replace in them: `[path, text, other text]`. */
  readonly changes?: readonly (readonly [string, string, string])[]
}

const PROTOCOL_FILES = ['dist/protocol/version.js', 'dist/preload/agent/main.js']

/** Installs it into the folder, in the place of what is there; returns the path of its command line. */
export function install(folder: string, { version, protocol, changes = [] }: OtherVersion): string {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const part of ['dist', 'bin', 'package.json'])
    cpSync(join(packageRoot, part), join(folder, part), { recursive: true })
  symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
  // What is replaced below is in the modules.
  writeFileSync(join(folder, 'dist', 'bundle', 'daemon', 'main.js'), "import '../../daemon/main.js'\n")
  replaceIn(join(folder, 'package.json'), /"version": "[^"]+"/, `"version": "${version}"`)
  if (protocol !== undefined)
    for (const file of PROTOCOL_FILES)
      replaceIn(join(folder, file), /PROTOCOL_VERSION = \d+/, `PROTOCOL_VERSION = ${protocol}`)
  for (const [file, text, other] of changes) replaceIn(join(folder, file), text, other)
  return join(folder, 'dist', 'cli', 'main.js')
}

function replaceIn(path: string, text: string | RegExp, other: string): void {
  const before = readFileSync(path, 'utf8')
  const after = before.replace(text, () => other)
  assert.notEqual(after, before, `${path} has no ${text}`)
  writeFileSync(path, after)
}
