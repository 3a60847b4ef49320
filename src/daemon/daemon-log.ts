import { closeSync, copyFileSync, existsSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { isSameFile } from './guard/is-same-file.ts'

const MOST_BYTES = 5_000_000
/** Apps say part of what is logged, and may say much. */
const LONGEST_TEXT = 2048

/** The daemon's own log: a JSON object per line. */
export class JsonLog {
  #fd: number
  /** Not ours to close: stdout, most of the time. */
  readonly #givenFd: number
  readonly #path: string
  /** The descriptor is the file of that path, and not a terminal or somebody's pipe. */
  readonly #isFile: boolean
  #sizeBytes: number

  /** Writes to the descriptor. If that is the file of this path, it is rotated to `<path>.1`, and begun anew when removed. */
  constructor(fd: number, path: string) {
    this.#fd = fd
    this.#givenFd = fd
    this.#path = path
    this.#isFile = isSameFile(fd, path)
    this.#sizeBytes = fstatSync(fd).size
  }

  info(fields: object, text: string): void {
    this.#write('info', fields, text)
  }

  error(fields: object, text: string): void {
    this.#write('error', fields, text)
  }

  #write(level: string, fields: object, text: string): void {
    const time = new Date().toISOString()
    const message = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text
    const line = Buffer.from(`${JSON.stringify({ time, level, area: 'daemon', ...fields, message })}\n`)
    // A full disk must not end the daemon; what it does matters more than what it says.
    attempt(() => {
      if (this.#isFile && !existsSync(this.#path)) this.#beginAnew()
    })
    attempt(() => {
      if (this.#sizeBytes + line.length > MOST_BYTES) this.#rotate()
    })
    attempt(() => {
      this.#sizeBytes += writeSync(this.#fd, line)
    })
  }

  #beginAnew(): void {
    const fd = openSync(this.#path, 'a', 0o600)
    if (this.#fd !== this.#givenFd) closeSync(this.#fd)
    this.#fd = fd
    this.#sizeBytes = 0
  }

  /** Nobody else writes, and what is written is appended: nothing is lost between the copy and the cut. */
  #rotate(): void {
    // Also when it fails or is not ours to do: not to be tried again at every line.
    this.#sizeBytes = 0
    if (!isSameFile(this.#fd, this.#path)) return
    copyFileSync(this.#path, `${this.#path}.1`)
    ftruncateSync(this.#fd)
  }
}

function attempt(act: () => void): void {
  try {
    act()
  } catch {}
}
