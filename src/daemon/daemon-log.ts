import { writeSync } from 'node:fs'

/** The daemon's own log: a JSON object per line. */
export class JsonLog {
  readonly #fd: number

  constructor(fd: number) {
    this.#fd = fd
  }

  info(fields: object, text: string): void {
    this.#write('info', fields, text)
  }

  error(fields: object, text: string): void {
    this.#write('error', fields, text)
  }

  #write(level: string, fields: object, text: string): void {
    const time = new Date().toISOString()
    const line = JSON.stringify({ time, level, area: 'daemon', ...fields, message: text })
    try {
      writeSync(this.#fd, `${line}\n`)
    } catch {
      // A full disk must not end the daemon; what it does matters more than what it says.
    }
  }
}
