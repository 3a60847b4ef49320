// Shows an operation while it goes on, and returns the exit status that its results ask for.
import { FAILURE_EXIT_STATUS } from '../base/failure.ts'
import type { OperationEvent } from '../protocol/control.ts'
import type { Context } from './command.ts'
import { hasOption } from './command.ts'
import { printFailure } from './print-failure.ts'
import { Progress } from './terminal/progress.ts'
import { shownElapsed } from './terminal/quantities.ts'

type Operation = (onEvent: (event: OperationEvent) => void) => Promise<boolean>

export async function followOperation(
  context: Context,
  title: string,
  operation: Operation,
): Promise<number> {
  const { out } = context
  const startedMs = performance.now()
  const isJson = hasOption(context, 'json')
  const progress = isJson ? undefined : new Progress(out, title)
  let status = 0
  const show = (event: OperationEvent) => {
    if (event.type === 'result' && !event.ok) status ||= FAILURE_EXIT_STATUS[event.error.code] ?? 1
    if (isJson) out.print(JSON.stringify(event))
    else if (event.type === 'step') progress?.update(stepText(event))
    else if (event.type === 'result') {
      progress?.stop()
      printResult(context, event, performance.now() - startedMs)
    }
  }
  try {
    const isOk = await operation(show)
    return isOk ? 0 : status || 1
  } finally {
    progress?.stop()
  }
}

function stepText({ app, instance, text, done, total }: Extract<OperationEvent, { type: 'step' }>): string {
  const where = instance === null ? app : `${app} ${instance}`
  const count = done === undefined || total === undefined ? '' : ` (${done}/${total})`
  return `${where}: ${text}${count}`
}

function printResult(
  { out }: Context,
  event: Extract<OperationEvent, { type: 'result' }>,
  elapsedMs: number,
): void {
  if (!event.ok) {
    printFailure(out, event.error, event.app)
    return
  }
  const took = elapsedMs < 100 || event.outcome === 'unchanged' ? '' : ` in ${shownElapsed(elapsedMs)}`
  out.print(`${out.color.bold(event.app)}: ${event.text}${took}`)
}
