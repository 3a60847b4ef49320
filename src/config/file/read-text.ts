import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Failure, type FailureCode, isSystemError } from '../../base/failure.ts'
import { renderSize } from '../../base/size.ts'

const MAX_BYTES = 1024 * 1024

interface ReadOptions {
  /** What the file is, for messages, such as `config`. */
  readonly what: string
  readonly missing: FailureCode
  readonly unreadable: FailureCode
}

/** Reads a small text file that a person wrote; whatever is wrong with it is a Failure. */
export async function readText(path: string, options: ReadOptions): Promise<string> {
  const refuse: Refuse = (reason, cause) =>
    new Failure(options.unreadable, `Cannot read ${options.what} ${path}: ${reason}`, { cause })
  const bytes = await readBytes(path, options, refuse)
  if (bytes[0] === 0xff && bytes[1] === 0xfe) throw refuse('it is UTF-16, not UTF-8')
  if (bytes.includes(0)) throw refuse('it contains NUL bytes')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw refuse('it is not valid UTF-8', error)
  }
}

type Refuse = (reason: string, cause?: unknown) => Failure

async function readBytes(path: string, options: ReadOptions, refuse: Refuse): Promise<Buffer> {
  try {
    // Without O_NONBLOCK a FIFO would wait for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      return await readRegularFile(file, refuse)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) {
      const message = `Cannot read ${options.what} ${path}: there is no such file`
      throw new Failure(options.missing, message, { cause: error })
    }
    if (isSystemError(error, 'EACCES', 'EPERM')) throw refuse('permission denied', error)
    if (isSystemError(error, 'ELOOP')) throw refuse('its symbolic links go in a circle', error)
    if (isSystemError(error, 'ENXIO', 'ENAMETOOLONG')) throw refuse(error.message, error)
    throw error
  }
}

async function readRegularFile(file: FileHandle, refuse: Refuse): Promise<Buffer> {
  const stats = await file.stat()
  if (stats.isDirectory()) throw refuse('it is a directory')
  if (!stats.isFile()) throw refuse('it is not a regular file')
  if (stats.size > MAX_BYTES)
    throw refuse(`it has ${renderSize(stats.size)}, more than ${renderSize(MAX_BYTES)}`)
  return await file.readFile()
}
