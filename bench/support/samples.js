/** Numbers that were measured the same way, one after the other. */
export class Samples {
  #values = []

  add(value) {
    this.#values.push(value)
    return value
  }

  get count() {
    return this.#values.length
  }

  /** In the order of the rounds. */
  get values() {
    return this.#values
  }

  get median() {
    const sorted = this.#sorted()
    const middle = sorted.length >> 1
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  get min() {
    return Math.min(...this.#values)
  }

  get max() {
    return Math.max(...this.#values)
  }

  get sum() {
    return this.#values.reduce((sum, value) => sum + value, 0)
  }

  /** The median, with the smallest and the largest. */
  show(unit = '') {
    if (this.count === 0) return '–'
    if (this.count === 1) return `${number(this.median)}${unit}`
    return `${number(this.median)}${unit} (${number(this.min)}–${number(this.max)})`
  }

  #sorted() {
    return [...this.#values].sort((one, other) => one - other)
  }
}

/** As many digits as a reader needs. */
export function number(value) {
  const size = Math.abs(value)
  if (size >= 1000) return Math.round(value).toLocaleString('en-US')
  if (size >= 100 || Number.isInteger(value)) return String(Math.round(value))
  return size >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** How these compare to those: the ratio of the medians, and of the rounds the smallest and the largest. */
export function compare(these, those) {
  const rounds = these.values.map((value, round) => value / those.values[round])
  const ratio = these.median / those.median
  const spread = `${Math.min(...rounds).toFixed(2)}–${Math.max(...rounds).toFixed(2)}`
  return { ratio, text: `${ratio.toFixed(2)} ×${rounds.length > 1 ? ` (${spread})` : ''}` }
}
