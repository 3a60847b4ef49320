type Kind = 'writing' | 'rotating' | 'tidying'

/** What is wrong with the logs of an app. Each kind is told once when it begins, and once when the last place is well. */
export class LogProblems {
  readonly #tell: (text: string) => void
  readonly #begun = new Map<Kind, { readonly text: string; readonly places: Set<string> }>()

  constructor(tell: (text: string) => void) {
    this.#tell = tell
  }

  /** What was told last and is not over. */
  get current(): string | null {
    return [...this.#begun.values()].at(-1)?.text ?? null
  }

  begin(kind: Kind, place: string, text: string): void {
    const begun = this.#begun.get(kind)
    if (begun !== undefined) {
      begun.places.add(place)
      return
    }
    this.#begun.set(kind, { text, places: new Set([place]) })
    this.#tell(text)
  }

  end(kind: Kind, place: string, text: string): void {
    const begun = this.#begun.get(kind)
    if (begun === undefined || !begun.places.delete(place) || begun.places.size > 0) return
    this.#begun.delete(kind)
    this.#tell(text)
  }
}
