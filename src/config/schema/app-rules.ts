import { renderDuration } from '../../base/duration.ts'
import { renderSize } from '../../base/size.ts'
import type { App } from './app.ts'

type Rule = (app: App) => string | undefined

const RULES: readonly Rule[] = [longestBackoffIsNotTheShortest, allLogsHoldOneFile]

/** What single keys cannot know: how they fit together. */
export function brokenRules(app: App): string[] {
  return RULES.flatMap((rule) => rule(app) ?? [])
}

function longestBackoffIsNotTheShortest({ restart }: App): string | undefined {
  if (restart.maxBackoff >= restart.backoff) return undefined
  const [least, given] = [renderDuration(restart.backoff), renderDuration(restart.maxBackoff)]
  return `restart.maxBackoff: must be at least restart.backoff, which is ${least}, got ${given}`
}

function allLogsHoldOneFile({ logs }: App): string | undefined {
  if (logs.maxTotal >= logs.maxSize) return undefined
  const [least, given] = [renderSize(logs.maxSize), renderSize(logs.maxTotal)]
  return `logs.maxTotal: must be at least logs.maxSize, which is ${least}, got ${given}`
}
