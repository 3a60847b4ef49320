/** What was opened one after another, to be closed in the reverse order. */
export class Opened {
  readonly #closers: (() => unknown)[] = []

  add(close: () => unknown): void {
    this.#closers.push(close)
  }

  /** Somebody else closes it. */
  forget(): void {
    this.#closers.length = 0
  }

  /** Safe to call twice. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
  }
}
