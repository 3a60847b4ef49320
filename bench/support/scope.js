/** Owns whatever a row has started, and ends it in the reverse order, however the row ended. */
export class Scope {
  #owned = []
  #closing

  own(thing) {
    this.#owned.push(thing)
    return thing
  }

  close() {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async #closeAll() {
    for (const thing of this.#owned.reverse()) {
      try {
        await thing.close()
      } catch (error) {
        console.error(`could not clean up: ${error instanceof Error ? error.message : error}`)
      }
    }
  }
}
