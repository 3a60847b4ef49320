import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import { show } from '../schema/show.ts'
import { findSyntaxError } from '../syntax-error.ts'

/** Refuses a JavaScript file that node cannot read, before anything is stopped for it. */
export async function checkSyntax(spec: AppSpec): Promise<void> {
  const written = spec.programArgs.findLast((arg) => /\.[cm]?js$/.test(arg))
  if (!spec.isNode || written === undefined) return
  const file = resolve(spec.cwd, written)
  if (!existsSync(file)) return
  const problem = await findSyntaxError(spec.program, file)
  if (problem === undefined) return
  const message = `Cannot start app ${show(spec.name)}: ${file} has a syntax error`
  throw new Failure('SCRIPT_UNREADABLE', message, {
    details: [`${file}:${problem.line}: ${problem.message}`, ...problem.code],
  })
}
