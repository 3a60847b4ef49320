import { closeSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'

const LONGEST_BYTES = 256

export interface Shebang {
  readonly program: string
  readonly args: readonly string[]
}

/** What the first line of an executable file names; undefined when it is not a script. */
export function tryReadShebang(file: string): Shebang | undefined {
  const line = firstLine(file)
  if (!line.startsWith('#!')) return undefined
  const words = line.slice(2).trim().split(/\s+/)
  if (basename(words[0] ?? '') === 'env') {
    words.shift()
    if (words[0] === '-S') words.shift()
  }
  const [program, ...args] = words
  return program === undefined || program === '' ? undefined : { program, args }
}

function firstLine(file: string): string {
  const descriptor = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(LONGEST_BYTES)
    const count = readSync(descriptor, buffer, 0, LONGEST_BYTES, 0)
    return buffer.toString('utf8', 0, count).split('\n')[0] ?? ''
  } finally {
    closeSync(descriptor)
  }
}

/** By name, so that version managers' stand-ins count as well. */
export function isNodeName(program: string): boolean {
  return /^(?:node|nodejs)(?:-?v?\d[\d.]*)?$/.test(basename(program))
}
