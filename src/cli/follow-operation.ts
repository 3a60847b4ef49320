// Shows an operation while it goes on, and returns the exit status that its results ask for.
import { FAILURE_EXIT_STATUS } from '../base/failure.ts'
import type { OperationEvent } from '../protocol/control.ts'
import type { Context } from './command.ts'
import { hasOption } from './command.ts'
import { printFailure } from './print-failure.ts'
import { cleanText } from './terminal/clean-text.ts'
import { Progress } from './terminal/progress.ts'
import { shownElapsed } from './terminal/quantities.ts'

type Operation = (onEvent: (event: OperationEvent) => void) => Promise<boolean>
type Step = Extract<OperationEvent, { type: 'step' }>
type Result = Extract<OperationEvent, { type: 'result' }>

export async function followOperation(
  context: Context,
  title: string,
  operation: Operation,
): Promise<number> {
  const results: Result[] = []
  const isOk = hasOption(context, 'json')
    ? await operation((event) => {
        context.out.print(JSON.stringify(event))
        if (event.type === 'result') results.push(event)
      })
    : await showProgress(context, title, operation, results)
  const failed = results.find((result) => !result.ok)
  if (isOk) return 0
  // A newer daemon may know other codes.
  return failed?.ok === false ? (FAILURE_EXIT_STATUS[failed.error.code] ?? 1) : 1
}

async function showProgress(
  context: Context,
  title: string,
  operation: Operation,
  results: Result[],
): Promise<boolean> {
  const { out, clock } = context
  const progress = new Progress(out, clock, title)
  // Apps come one after another: what a result took is the time since the one before.
  let sinceMs = clock.monotonicMs()
  try {
    return await operation((event) => {
      if (event.type === 'step') progress.update(stepText(event))
      if (event.type !== 'result') return
      progress.clear()
      printResult(context, event, clock.monotonicMs() - sinceMs)
      sinceMs = clock.monotonicMs()
      results.push(event)
    })
  } finally {
    progress.stop()
  }
}

function stepText({ app, instance, text, done, total }: Step): string {
  const where = instance === null ? app : `${app} ${instance}`
  const count = done === undefined || total === undefined ? '' : ` (${done}/${total})`
  return `${where}: ${text}${count}`
}

function printResult({ out }: Context, event: Result, elapsedMs: number): void {
  if (!event.ok) {
    printFailure(out, event.error, event.app)
    return
  }
  const hasTaken = elapsedMs >= 100 && event.outcome !== 'unchanged'
  const text = cleanText(hasTaken ? withTime(event.text, elapsedMs) : event.text)
  out.print(`${out.color.bold(cleanText(event.app))}: ${text}`)
}

/** Behind the first part of the sentence: "deleted in 2.0 s; its logs stay". */
function withTime(text: string, elapsedMs: number): string {
  const end = text.search(/ ?[;:(]/)
  const time = ` in ${shownElapsed(elapsedMs)}`
  return end === -1 ? text + time : text.slice(0, end) + time + text.slice(end)
}
