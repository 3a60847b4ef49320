const CAPACITY_BYTES = 16 * 1024
const NEWLINE = 10

/** The last bytes a worker wrote to one stream: for the message about its crash. */
export class Tail {
  #bytes = Buffer.alloc(0)
  #length = 0

  push(chunk: Buffer): void {
    // Most workers never say anything on stderr: memory is taken when it is needed.
    if (this.#bytes.length === 0) this.#bytes = Buffer.allocUnsafeSlow(CAPACITY_BYTES)
    const news = chunk.length > CAPACITY_BYTES ? chunk.subarray(-CAPACITY_BYTES) : chunk
    const kept = Math.min(this.#length, CAPACITY_BYTES - news.length)
    if (kept < this.#length) this.#bytes.copyWithin(0, this.#length - kept, this.#length)
    news.copy(this.#bytes, kept)
    this.#length = kept + news.length
  }

  get isEmpty(): boolean {
    return this.#length === 0
  }

  lastLines(count: number): string[] {
    const text = this.#bytes.toString('utf8', 0, this.#length).replace(/\r?\n$/, '')
    if (text === '' || count <= 0) return []
    return text.split(/\r?\n/).slice(-count).map(stripControls)
  }

  /** The bytes after the last newline: what a reader of lines that starts now has missed. */
  unfinishedLine(): Buffer {
    const bytes = this.#bytes.subarray(0, this.#length)
    return Buffer.from(bytes.subarray(bytes.lastIndexOf(NEWLINE) + 1))
  }
}

function stripControls(line: string): string {
  // Whole colour sequences go, not only their first character.
  return line.replace(/\x1b\[[0-9;:?]*[ -/]*[@-~]/g, '').replace(/[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, '')
}
