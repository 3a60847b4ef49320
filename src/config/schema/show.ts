const LONGEST = 60

/** The second half of a problem: the rule, and what stands there instead. */
export function mustBe(rule: string, value: unknown): string {
  return value === undefined ? `is missing: must be ${rule}` : `must be ${rule}, got ${show(value)}`
}

/** A value as an error message shows it: short, on one line, and without control characters. */
export function show(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint') return `${value}n`
  return String(value)
}

function quote(text: string): string {
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  return JSON.stringify(shown).replaceAll(/\p{C}/gu, (character) => {
    const codePoint = character.codePointAt(0) ?? 0
    return `\\u{${codePoint.toString(16)}}`
  })
}

/** Where a value stands, such as `apps[0].env.PORT`. */
export function showPath(path: readonly PropertyKey[]): string {
  let shown = ''
  for (const step of path) {
    if (typeof step === 'number') shown += `[${step}]`
    else if (/^[\w-]{1,60}$/.test(String(step))) shown += shown === '' ? String(step) : `.${String(step)}`
    else shown += `[${quote(String(step))}]`
  }
  return shown
}
