const LONGEST = 64

/** Why this cannot be the name of an app; undefined if it can. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'must not be empty'
  if (name.length > LONGEST) return `must have at most ${LONGEST} characters, has ${name.length}`
  if (name.startsWith('/') && name.endsWith('/')) return 'must not look like a /regular expression/'
  if (/[/\\]/.test(name)) return 'must not contain slashes'
  if (/\p{C}/u.test(name)) return 'must not contain control characters'
  if (/^[.-]/.test(name)) return 'must not start with a dot or a dash'
  if (name !== name.trim()) return 'must not start or end with a space'
  if (name === 'all') return 'must not be "all", which means every app'
  return undefined
}

/** A name made from something that may not be one, such as the name of a folder. */
export function toName(text: string): string {
  const name = text
    .replaceAll(/[/\\\s\p{C}]+/gu, '-')
    .replace(/^[.-]+/, '')
    .slice(0, LONGEST)
  return nameProblem(name) === undefined ? name : 'app'
}
