/** A word as sh reads it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(' ')
}
