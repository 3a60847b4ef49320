const UNITS = ['B', 'KB', 'MB', 'GB', 'TB'] as const

/** Bytes of a size such as `512MB` (1 KB is 1024 bytes; `M`, `MB` and `MiB` are the same); undefined for anything else. */
export function tryParseSize(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,6})?) ?(?:([KMGT])(?:B|iB)?|B)$/i.exec(text)
  if (match === null) return undefined
  const power = match[2] === undefined ? 0 : ' KMGT'.indexOf(match[2].toUpperCase())
  return Math.round(Number(match[1]) * 1024 ** power)
}

/** A size for people: three digits at most after which nobody looks, such as `10MB` or `1.5GB`. */
export function renderSize(bytes: number): string {
  let amount = bytes
  let unit = 0
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024
    unit += 1
  }
  return `${Number(amount.toFixed(amount < 100 ? 1 : 0))}${UNITS[unit]}`
}
