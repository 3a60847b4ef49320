/** A line without end is ended here, in files and for readers alike. */
export const MAX_LINE_BYTES = 256 * 1024

const NEWLINE = 10

/** Cuts a stream of bytes into lines of text. Keeps at most one unfinished line, of at most `MAX_LINE_BYTES`. */
export class LineSplitter {
  #rest: Buffer[]
  #restBytes: number

  constructor(unfinished: Buffer = Buffer.alloc(0)) {
    this.#rest = unfinished.length > 0 ? [unfinished] : []
    this.#restBytes = unfinished.length
  }

  /** The length of the unfinished line. */
  get unfinishedBytes(): number {
    return this.#restBytes
  }

  /** The lines that are complete now. Invalid UTF-8 becomes U+FFFD. */
  push(chunk: Buffer): string[] {
    const end = chunk.lastIndexOf(NEWLINE)
    if (end === -1) return this.#keep(chunk)
    const room = MAX_LINE_BYTES - this.#restBytes
    if (chunk.indexOf(NEWLINE) > room) {
      const cut = characterStart(chunk, room)
      return [...this.#endLine(chunk.subarray(0, cut)), ...this.push(chunk.subarray(cut))]
    }
    const head = chunk.subarray(0, end)
    // Decoded in one go: a newline byte is never inside a character, so nothing is torn here.
    const text = this.#rest.length === 0 ? head.toString() : Buffer.concat([...this.#rest, head]).toString()
    this.#forget()
    return [...text.split('\n').map(withoutReturn), ...this.#keep(chunk.subarray(end + 1))]
  }

  /** The unfinished line, if there is one. */
  finish(): string[] {
    if (this.#restBytes === 0) return []
    const line = Buffer.concat(this.#rest).toString()
    this.#forget()
    return [withoutReturn(line)]
  }

  /** Gives back the bytes of the unfinished line and forgets them. */
  takeUnfinished(): Buffer {
    const bytes = Buffer.concat(this.#rest)
    this.#forget()
    return bytes
  }

  #keep(chunk: Buffer): string[] {
    if (chunk.length === 0) return []
    const room = MAX_LINE_BYTES - this.#restBytes
    if (chunk.length <= room) {
      this.#rest.push(Buffer.from(chunk))
      this.#restBytes += chunk.length
      // A line that comes byte by byte shall not cost a hundred bytes for each.
      if (this.#rest.length > 64) this.#rest = [Buffer.concat(this.#rest)]
      return []
    }
    const cut = characterStart(chunk, room)
    return [...this.#endLine(chunk.subarray(0, cut)), ...this.#keep(chunk.subarray(cut))]
  }

  #endLine(bytes: Buffer): string[] {
    this.#rest.push(bytes)
    this.#restBytes += bytes.length
    return this.finish()
  }

  #forget(): void {
    this.#rest = []
    this.#restBytes = 0
  }
}

/** The last place at or before `index` where a UTF-8 character may start. */
export function characterStart(bytes: Buffer, index: number): number {
  for (let start = index; start > 0 && start > index - 4; start--) {
    if (((bytes[start] ?? 0) & 0xc0) !== 0x80) return start
  }
  return index
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line
}
