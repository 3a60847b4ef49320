import type * as z from 'zod'
import { showPath } from './show.ts'

const MOST_SHOWN = 50

/** Every problem on a line of its own: where, what the rule is, what was given. */
export function problemsOf(error: z.ZodError): string[] {
  return error.issues.flatMap((issue) => {
    const path = showPath(issue.path)
    if (issue.code !== 'unrecognized_keys') return path === '' ? issue.message : `${path}: ${issue.message}`
    return issue.message.split('\n').map((line) => joined(path, line))
  })
}

function joined(path: string, line: string): string {
  return path === '' || line.startsWith('[') ? `${path}${line}` : `${path}.${line}`
}

/** A file full of mistakes should not fill the terminal. */
export function firstProblems(problems: readonly string[], most = MOST_SHOWN): string[] {
  if (problems.length <= most) return [...problems]
  return [...problems.slice(0, most), `and ${problems.length - most} more`]
}
