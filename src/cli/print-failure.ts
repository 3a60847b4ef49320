import type { Failure, FailureData } from '../base/failure.ts'
import { cleanLogLine, cleanText } from './terminal/clean-text.ts'
import type { Output } from './terminal/output.ts'

/** The one way in which a failure is told to a person: what, the lines that show it, what to do. */
export function printFailure(out: Output, failure: Failure | FailureData, app = ''): void {
  const { red, dim } = out.errorColor
  const prefix = app === '' ? 'upkeep' : `upkeep: ${cleanText(app)}`
  out.say(`${red(prefix)}: ${cleanText(failure.message)}`)
  const shown = out.isErrorTty ? cleanLogLine : cleanText
  for (const line of failure.details ?? []) out.say(`  ${shown(line)}`)
  if (failure.hint !== undefined) out.say(dim(`  ${cleanText(failure.hint)}`))
}
