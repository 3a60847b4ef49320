import { runInNewContext } from 'node:vm'
import { Failure } from '../base/failure.ts'

const DEADLINE_MS = 1000

/** The names that a user's expression matches. Throws USAGE when that takes for ever, as `(a+)+$` may: the daemon has one thread. */
export function matchNames(expression: RegExp, names: readonly string[]): readonly string[] {
  try {
    // Nothing else interrupts an expression.
    return runInNewContext(
      'names.filter((name) => expression.test(name))',
      { names, expression },
      { timeout: DEADLINE_MS },
    )
  } catch (cause) {
    throw new Failure('USAGE', `Cannot use the regular expression ${expression}: it takes too long`, {
      hint: 'Name the apps, or repeat nothing that repeats itself',
      cause,
    })
  }
}
