import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

import { isSystemError } from '../../../base/failure.ts'
import type { LogPart } from './log-series.ts'

const BLOCK_BYTES = 64 * 1024
const NEWLINE = 10

/** Where reading a file begins: at a byte, and so many lines after it. */
export interface LineStart {
  readonly offset: number
  readonly skipLines: number
  /** Lines from there to the end, as far as they were counted. */
  readonly lines: number
}

/** The bytes of one log file, compressed or not, up to the end it had when it was listed. */
export interface PartFile {
  /** The start of the last `count` lines that lie after `floor`, the offset where a line begins. */
  lastLines(count: number, floor: number): Promise<LineStart>
  blocks(offset: number): AsyncIterable<Buffer>
  close(): Promise<void>
}

/** Opens the file or what became of it; undefined when it was removed meanwhile, `moved` when another is in its place. */
export async function tryOpenPart(
  path: string,
  { endBytes, inode }: Pick<LogPart, 'endBytes' | 'inode'>,
): Promise<PartFile | 'moved' | undefined> {
  const plain = await tryOpen(path)
  if (plain !== undefined) {
    const found = await plain.stat()
    if (endBytes === null || found.ino === inode) return new PlainPart(plain, endBytes ?? found.size)
    await plain.close()
    return 'moved'
  }
  const gzip = await tryOpen(`${path}.gz`)
  if (gzip === undefined) return undefined
  await gzip.close()
  return new GzipPart(`${path}.gz`, endBytes ?? Number.POSITIVE_INFINITY)
}

class PlainPart implements PartFile {
  readonly #file: FileHandle
  readonly #end: number

  constructor(file: FileHandle, end: number) {
    this.#file = file
    this.#end = end
  }

  async lastLines(count: number, floor: number): Promise<LineStart> {
    let lines = 0
    const block = Buffer.allocUnsafe(BLOCK_BYTES)
    // The newline that ends the last line begins no other.
    let end = this.#end - 1
    while (end > floor && count > 0) {
      const start = Math.max(floor, end - BLOCK_BYTES)
      const { bytesRead } = await this.#file.read(block, 0, end - start, start)
      const bytes = block.subarray(0, bytesRead)
      for (
        let at = bytes.lastIndexOf(NEWLINE);
        at !== -1;
        at = at > 0 ? bytes.lastIndexOf(NEWLINE, at - 1) : -1
      ) {
        lines++
        if (lines === count) return { offset: start + at + 1, skipLines: 0, lines }
      }
      end = start
    }
    return { offset: floor, skipLines: 0, lines: lines + (this.#end > floor && count > 0 ? 1 : 0) }
  }

  async *blocks(offset: number): AsyncIterable<Buffer> {
    for (let at = offset; at < this.#end; ) {
      const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, this.#end - at))
      const { bytesRead } = await this.#file.read(block, 0, block.length, at)
      if (bytesRead === 0) return
      yield block.subarray(0, bytesRead)
      at += bytesRead
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** Cannot be read backwards, so its lines are counted first. */
class GzipPart implements PartFile {
  readonly #path: string
  readonly #end: number

  constructor(path: string, end: number) {
    this.#path = path
    this.#end = end
  }

  async lastLines(count: number, floor: number): Promise<LineStart> {
    let total = 0
    let lastByte = NEWLINE
    for await (const block of this.blocks(floor)) {
      for (let at = block.indexOf(NEWLINE); at !== -1; at = block.indexOf(NEWLINE, at + 1)) total++
      lastByte = block.at(-1) ?? NEWLINE
    }
    if (lastByte !== NEWLINE) total++
    const lines = Math.min(count, total)
    return { offset: floor, skipLines: total - lines, lines }
  }

  async *blocks(offset: number): AsyncIterable<Buffer> {
    const { createGunzip } = await import('node:zlib')
    const source = createReadStream(this.#path)
    const gunzip = source.pipe(createGunzip())
    source.on('error', (error) => gunzip.destroy(error))
    let at = 0
    try {
      for await (const block of gunzip) {
        const wanted = block.subarray(Math.max(0, offset - at), Math.max(0, this.#end - at))
        at += block.length
        if (wanted.length > 0) yield wanted
        if (at >= this.#end) return
      }
    } catch (error) {
      // A damaged archive is read as far as it goes.
      if (!isDamaged(error)) throw error
    } finally {
      source.destroy()
      gunzip.destroy()
    }
  }

  async close(): Promise<void> {}
}

function isDamaged(error: unknown): boolean {
  return isSystemError(error, 'Z_DATA_ERROR', 'Z_BUF_ERROR', 'ENOENT')
}

async function tryOpen(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}
