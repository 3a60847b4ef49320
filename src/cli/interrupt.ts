import process from 'node:process'
import { Failure } from '../base/failure.ts'
import type { Command } from './command.ts'

/** Ctrl-C once stops waiting, and the failure says what goes on without us; twice leaves at once. */
export function interruptible({ onInterrupt }: Command): AbortSignal {
  const controller = new AbortController()
  if (onInterrupt !== 'stop-waiting') return controller.signal
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const reason = interrupted()
      if (controller.signal.aborted) process.exit(reason.exitStatus)
      controller.abort(reason)
    })
  }
  return controller.signal
}

function interrupted(): Failure {
  return new Failure('INTERRUPTED', 'Stopped waiting: what the daemon has begun goes on', {
    hint: 'Look with "upkeep list"',
  })
}
