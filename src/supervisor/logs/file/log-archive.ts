import { createReadStream, createWriteStream, existsSync, readdirSync } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

import { isSystemError } from '../../../base/failure.ts'
import type { LogSpec } from '../../../protocol/app-spec.ts'
import { type LogName, timesPathOf, tryParseLogName } from './log-name.ts'

interface Archived extends LogName {
  readonly path: string
  readonly rotatedAt: string
}

/** The rotated files of one app: how many are kept, how large they may be together, and their compression. */
export class LogArchive {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Removes what is beyond the bounds, then compresses the rest if that is wanted. */
  async tidy(spec: LogSpec, signal: AbortSignal): Promise<void> {
    await this.#prune(spec)
    if (!spec.compress) return
    for (const file of await this.#archived()) {
      if (file.kind !== 'plain') continue
      await compress(file.path, signal)
      // Files that were rotated meanwhile must not pile up behind a slow compression.
      await this.#prune(spec)
    }
  }

  /** Every rotated file, with its index and what is left of a compression. */
  pathsNow(): string[] {
    if (!existsSync(this.#directory)) return []
    const isRotated = (name: string) => (tryParseLogName(name)?.rotatedAt ?? null) !== null
    return readdirSync(this.#directory)
      .filter(isRotated)
      .map((name) => join(this.#directory, name))
  }

  async #prune(spec: LogSpec): Promise<void> {
    const files = await this.#archived()
    const doomed = new Set(beyondKeep(files, spec.keep))
    let totalBytes = await this.#totalBytes()
    for (const file of files) {
      if (!doomed.has(file) && totalBytes <= spec.maxTotalBytes) continue
      totalBytes -= (await sizeOf(file.path)) + (await sizeOf(timesPathOf(file.path)))
      await remove(file.path)
    }
  }

  /** Rotated files, the oldest first. */
  async #archived(): Promise<Archived[]> {
    const files: Archived[] = []
    for (const name of await this.#names()) {
      const parsed = tryParseLogName(name)
      if (parsed === undefined || parsed.rotatedAt === null) continue
      const path = join(this.#directory, name)
      if (parsed.kind === 'unfinished') await rm(path, { force: true })
      else if (parsed.kind !== 'times') files.push({ ...parsed, rotatedAt: parsed.rotatedAt, path })
    }
    return files.sort((a, b) => (a.rotatedAt < b.rotatedAt ? -1 : a.rotatedAt > b.rotatedAt ? 1 : 0))
  }

  async #totalBytes(): Promise<number> {
    let totalBytes = 0
    for (const name of await this.#names()) {
      if (tryParseLogName(name) !== undefined) totalBytes += await sizeOf(join(this.#directory, name))
    }
    return totalBytes
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#directory)
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return []
      throw error
    }
  }
}

function beyondKeep(files: readonly Archived[], keep: number): Archived[] {
  const seen = new Map<string, number>()
  return files.toReversed().filter((file) => {
    const series = `${file.instance}.${file.stream}`
    const count = (seen.get(series) ?? 0) + 1
    seen.set(series, count)
    return count > keep
  })
}

async function compress(path: string, signal: AbortSignal): Promise<void> {
  const target = `${path}.gz`
  const unfinished = `${target}.tmp`
  // Loaded when it is needed: a daemon that compresses nothing is a quarter of a megabyte smaller.
  const { constants, createGzip } = await import('node:zlib')
  // Level 1: log text shrinks to a seventh instead of a tenth, for a quarter of the time.
  const gzip = createGzip({ level: constants.Z_BEST_SPEED })
  try {
    await pipeline(createReadStream(path), gzip, createWriteStream(unfinished, { mode: 0o600 }), { signal })
    // Gone meanwhile (flushed, or beyond a bound): it shall not come back in another form.
    await stat(path)
    await rename(unfinished, target)
    await rm(path, { force: true })
  } catch (error) {
    await rm(unfinished, { force: true })
    if (!isSystemError(error, 'ENOENT')) throw error
  }
}

async function remove(path: string): Promise<void> {
  await rm(path, { force: true })
  await rm(timesPathOf(path), { force: true })
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return 0
    throw error
  }
}
