// The first 4 KB of a spool: what of it is in a log, and which write is being done.
import { fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export interface Head {
  /** Everything before this is in a log. */
  readonly from: number
  /** Everything before this is, if the write below was done. */
  readonly to: number
  readonly inode: number
  readonly sizeBytes: number
  readonly lengthBytes: number
}

/** `magic`, six numbers (f64, little endian), the length of the path of the log (u32) and the path; then zeros. */
export const HEAD_BYTES = 4096
const MAGIC = Buffer.from('upkeep spool 1\n\0')
const NUMBERS_AT = MAGIC.length
export const REST_AT = NUMBERS_AT + 5 * 8
const PATH_AT = REST_AT + 8 + 4
const NUMBERS = new DataView(new ArrayBuffer(5 * 8))

export function startAt(from: number): Head {
  return { from, to: from, inode: 0, sizeBytes: 0, lengthBytes: 0 }
}

/** Makes an empty spool of the file. */
export function begin(fd: number, logPath: string): void {
  const path = Buffer.from(logPath)
  if (PATH_AT + path.length > HEAD_BYTES) throw new Error('the path of the log is too long')
  const bytes = Buffer.alloc(HEAD_BYTES)
  MAGIC.copy(bytes)
  bytes.writeDoubleLE(HEAD_BYTES, NUMBERS_AT)
  bytes.writeDoubleLE(HEAD_BYTES, NUMBERS_AT + 8)
  bytes.writeUInt32LE(path.length, PATH_AT - 4)
  path.copy(bytes, PATH_AT)
  ftruncateSync(fd, 0)
  writeAll(fd, bytes, 0)
}

export function tryReadHead(fd: number): Head | undefined {
  const bytes = Buffer.alloc(HEAD_BYTES)
  const { size } = fstatSync(fd)
  if (readSync(fd, bytes, 0, HEAD_BYTES, 0) < HEAD_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    return undefined
  }
  const [from = 0, to = 0, inode = 0, sizeBytes = 0, lengthBytes = 0] = Array.from(
    { length: 5 },
    (_, index) => bytes.readDoubleLE(NUMBERS_AT + index * 8),
  )
  const head = { from, to, inode, sizeBytes, lengthBytes }
  if (!isSound(head)) return undefined
  // It was emptied, and there was no time to say so.
  return to > size ? startAt(HEAD_BYTES) : head
}

/** Not of our making otherwise: what a full disk or somebody left there. */
function isSound(head: Head): boolean {
  const isCount = (number: number) => Number.isSafeInteger(number) && number >= 0
  return Object.values(head).every(isCount) && head.from >= HEAD_BYTES && head.from <= head.to
}

/** Of the path only the names of the app and the file count: the home may have been moved, and nothing else is ever cut. */
export function logPathIn(fd: number, logDirectory: string): string {
  const bytes = Buffer.alloc(HEAD_BYTES)
  readSync(fd, bytes, 0, HEAD_BYTES, 0)
  const path = bytes.toString('utf8', PATH_AT, PATH_AT + bytes.readUInt32LE(PATH_AT - 4)).replaceAll('\0', '')
  return join(logDirectory, basename(dirname(path)), basename(path))
}

export function writeNumbers(fd: number, { from, to, inode, sizeBytes, lengthBytes }: Head): void {
  for (const [index, number] of [from, to, inode, sizeBytes, lengthBytes].entries())
    NUMBERS.setFloat64(index * 8, number, true)
  writeAll(fd, new Uint8Array(NUMBERS.buffer), NUMBERS_AT)
}

export function doubleOf(number: number): Uint8Array {
  return new Uint8Array(new Float64Array([number]).buffer)
}

export function writeAll(fd: number, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done, at + done)
}
