// Which of the numbered lines of bench/apps/log-writer.cjs are in the log files.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const LINE = /^([\w-]+) (\d+) \.+$/
const LINE_BYTES = 99

/** How many different whole lines of this word there are. */
export function countLines(files, word) {
  const seen = new Set()
  for (const text of textsOf(files)) {
    for (const line of text.split('\n')) {
      const match = line.length === LINE_BYTES ? LINE.exec(line) : null
      if (match?.[1] === word) seen.add(match[2])
    }
  }
  return seen.size
}

export function hasText(files, wanted) {
  return textsOf(files).some((text) => text.includes(wanted))
}

function textsOf(files) {
  return files.flatMap((file) => {
    try {
      const bytes = readFileSync(file)
      return [(file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')]
    } catch (error) {
      // Rotated and renamed, or compressed, since it was listed; the caller counts again until nothing changes.
      if (error.code === 'ENOENT') return []
      throw error
    }
  })
}
