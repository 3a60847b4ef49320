/**
 * Splits a stream of text chunks into JSON values, one per line. A line that is not JSON or longer than `mostChars` is
 * skipped.
 */
export function jsonLineSplitter(
  onValue: (value: unknown) => void,
  mostChars = Number.POSITIVE_INFINITY,
): (chunk: string) => void {
  let rest = ''
  let isSkipping = false
  const take = (line: string) => {
    if (line.length > mostChars) return
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      return
    }
    onValue(value)
  }
  return (chunk) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!isSkipping) take(line)
      isSkipping = false
    }
    if (rest.length <= mostChars) return
    isSkipping = true
    rest = ''
  }
}
