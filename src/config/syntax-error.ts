import { askProgram } from './ask-program.ts'

export interface SyntaxProblem {
  readonly line: string
  readonly message: string
  /** The line of code, and the marks below it. */
  readonly code: readonly string[]
}

/** Has Node.js read a JavaScript file without running it. Undefined when it finds nothing wrong. */
export async function findSyntaxError(node: string, file: string): Promise<SyntaxProblem | undefined> {
  // Without an environment: NODE_OPTIONS could load code that runs.
  const { isSuccess, stderr } = await askProgram(node, ['--check', file], {})
  if (isSuccess) return undefined
  const lines = stderr.split('\n')
  const message = lines.find((line) => line.startsWith('SyntaxError'))
  if (message === undefined) return undefined
  const head = lines.findIndex((line) => /:\d+$/.test(line))
  const code = head === -1 ? [] : lines.slice(head + 1, head + 3).filter((line) => line.trim() !== '')
  return { line: /:(\d+)$/.exec(lines[head] ?? '')?.[1] ?? '1', message, code }
}
