/** Splits a stream of text chunks into JSON values, one per line. A line that is not JSON goes to `onBad`. */
export function jsonLineSplitter(
  onValue: (value: unknown) => void,
  onBad: (line: string) => void = () => {},
): (chunk: string) => void {
  let rest = ''
  return (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.trim() === '') continue
      let value: unknown
      try {
        value = JSON.parse(line)
      } catch {
        onBad(line)
        continue
      }
      onValue(value)
    }
  }
}
