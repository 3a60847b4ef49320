// The lines of one instance's stdout, over all its files, as they come: a file that was rotated keeps its place.
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { isSystemError } from '../../../src/base/failure.ts'

export class LogStream {
  readonly #folder: string
  readonly #prefix: string
  readonly #rotatedRead = new Set<string>()
  /** Bytes that were read of the file that is written. */
  #offset = 0
  #unfinished = ''

  constructor(folder: string, instance: number) {
    this.#folder = folder
    this.#prefix = `${instance}.out.`
  }

  /** The whole lines that came since the last call. */
  read(): string[] {
    const lines = (this.#unfinished + this.#newText()).split('\n')
    this.#unfinished = lines.pop() ?? ''
    return lines
  }

  #newText(): string {
    for (;;) {
      const current = join(this.#folder, `${this.#prefix}log`)
      const fd = tryOpen(current)
      try {
        const rotated = this.#rotatedNames()
        const parts = rotated.map((name) => readRotated(join(this.#folder, name)))
        // Only what was listed and opened between two rotations belongs together.
        if (!isStill(current, fd) || parts.includes(undefined)) continue
        const end = fd === undefined ? Buffer.alloc(0) : readFileSync(fd)
        const bytes = Buffer.concat([...parts.filter((part) => part !== undefined), end]).subarray(
          this.#offset,
        )
        for (const name of rotated) this.#rotatedRead.add(name)
        this.#offset = end.length
        return bytes.toString('latin1')
      } finally {
        if (fd !== undefined) closeSync(fd)
      }
    }
  }

  /** Those not read yet, the oldest first; a file and its compressed form have one name. */
  #rotatedNames(): string[] {
    const names = readdirSync(this.#folder)
      .filter((name) => name.startsWith(`${this.#prefix}2`) && /\.log(\.gz)?$/.test(name))
      .map((name) => name.replace(/\.gz$/, ''))
    return [...new Set(names)].filter((name) => !this.#rotatedRead.has(name)).sort()
  }
}

function readRotated(path: string): Buffer | undefined {
  return tryRead(path) ?? unzipped(tryRead(`${path}.gz`))
}

function unzipped(bytes: Buffer | undefined): Buffer | undefined {
  return bytes === undefined ? undefined : gunzipSync(bytes)
}

function tryRead(path: string): Buffer | undefined {
  return unlessMissing(() => readFileSync(path))
}

function tryOpen(path: string): number | undefined {
  return unlessMissing(() => openSync(path, 'r'))
}

function isStill(path: string, fd: number | undefined): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.ino === (fd === undefined ? undefined : fstatSync(fd).ino)
}

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}
