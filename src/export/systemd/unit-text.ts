/** A setting and its value; a name without a value is a comment. */
export type Line = readonly [name: string, value: string] | readonly [comment: string]

export type Sections = Readonly<Record<string, readonly Line[]>>

/** The text of a unit file, with comments on top. */
export function renderUnit(comments: readonly string[], sections: Sections): string {
  const blocks = Object.entries(sections).map(
    ([section, lines]) => `[${section}]\n${lines.map((line) => `${renderLine(line)}\n`).join('')}`,
  )
  return [...comments.map((comment) => `# ${comment}\n`), '\n', blocks.join('\n')].join('')
}

function renderLine([name, value]: Line): string {
  return value === undefined ? `# ${name}` : `${name}=${value}`
}
