// Counting what became of requests.
import { asked, Load, lost, NO_OUTCOMES } from './built.js'

/** Longer than any request of a row may take. */
const STOP_TIMEOUT_MS = 9000

/** Adds up the outcomes of several loads. */
export function sum(all) {
  const total = { ...NO_OUTCOMES }
  for (const outcomes of all) for (const kind of Object.keys(total)) total[kind] += outcomes[kind]
  return total
}

export function difference(after, before) {
  return Object.fromEntries(Object.keys(after).map((kind) => [kind, after[kind] - before[kind]]))
}

/** `3 of 12,000 (2 reset, 1 refused)` */
export function showLosses(outcomes) {
  const count = lost(outcomes)
  const kinds = Object.entries(outcomes).filter(([kind, value]) => kind !== 'ok' && value > 0)
  const detail = kinds.map(([kind, value]) => `${value.toLocaleString('en-US')} ${kind}`).join(', ')
  const total = asked(outcomes).toLocaleString('en-US')
  return count === 0 ? `0 of ${total}` : `${count.toLocaleString('en-US')} of ${total} (${detail})`
}

/** The last counts of a load; a server that lost track of a connection may keep its client from ending. */
export async function stopped(load) {
  const ending = load.stop()
  const deadline = setTimeout(() => load.report().catch(() => {}), STOP_TIMEOUT_MS)
  try {
    return await ending
  } finally {
    clearTimeout(deadline)
  }
}

/** Runs `act` while the loads go on, and returns their outcomes. */
export async function underLoad(options, act, { settle = 200 } = {}) {
  const loads = options.map((each) => new Load(each))
  try {
    await Promise.all(loads.map((load) => load.answers(100)))
    await act(loads)
    if (settle > 0) await Promise.all(loads.map((load) => load.answers(settle)))
    const reports = await Promise.all(loads.map(stopped))
    return {
      outcomes: sum(reports.map((report) => report.outcomes)),
      failures: reports.flatMap((report) => report.failures),
    }
  } finally {
    for (const load of loads) load.kill()
  }
}
