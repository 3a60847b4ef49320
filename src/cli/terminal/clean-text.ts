// Text from apps may hold sequences that move the cursor, rename the window or type into the shell. Only tabs survive, and
// in logs the sequences that set colours (SGR, ECMA-48 8.3.117).

const SEQUENCES =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[@-Z\\-_])/g
// With them the marks that turn the direction of what follows.
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
const COLOR = /^\x1b\[[\d;:]*m$/

export function cleanText(text: string): string {
  return text.replace(SEQUENCES, '').replace(CONTROLS, '')
}

export function cleanLogLine(line: string): string {
  const parts: string[] = []
  let end = 0
  let hasColor = false
  for (const match of line.matchAll(SEQUENCES)) {
    parts.push(line.slice(end, match.index).replace(CONTROLS, ''))
    end = match.index + match[0].length
    if (!COLOR.test(match[0])) continue
    parts.push(match[0])
    hasColor = true
  }
  parts.push(line.slice(end).replace(CONTROLS, ''))
  return hasColor ? `${parts.join('')}\x1b[0m` : parts.join('')
}
