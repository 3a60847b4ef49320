// Reporter for node:test: one JSON line per test that ended. scripts/test.js counts and prints them.
import { inspect } from 'node:util'

export default async function* report(source) {
  for await (const { type, data } of source) {
    if ((type !== 'test:pass' && type !== 'test:fail') || isContainer(type, data)) continue
    yield `${JSON.stringify({ name: data.name, outcome: outcomeOf(type, data), ...shownError(type, data) })}\n`
  }
}

/** A describe() is no test; that something in it failed was reported already. */
function isContainer(type, { details }) {
  return (
    details?.type === 'suite' || (type === 'test:fail' && details?.error?.failureType === 'subtestsFailed')
  )
}

function outcomeOf(type, { skip, todo }) {
  if (type === 'test:fail') return 'failed'
  if (skip !== undefined && skip !== false) return 'skipped'
  return todo === undefined || todo === false ? 'passed' : 'skipped'
}

function shownError(type, { skip, todo, details }) {
  if (type === 'test:pass') return { reason: String(skip ?? todo ?? '') }
  const error = details?.error?.cause ?? details?.error
  return { error: typeof error === 'string' ? error : inspect(error) }
}
