const SEGMENTER = new Intl.Segmenter()
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2fb}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}|\ufe0f/u

/** Columns that a text takes in a terminal; East Asian and emoji characters take two (UAX #11). */
export function textWidth(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of SEGMENTER.segment(text)) width += WIDE.test(segment) ? 2 : 1
  return width
}

export function cutToWidth(text: string, width: number): string {
  if (textWidth(text) <= width) return text
  let cut = ''
  for (const { segment } of SEGMENTER.segment(text)) {
    if (textWidth(cut) + textWidth(segment) > width - 1) break
    cut += segment
  }
  return `${cut}…`
}
