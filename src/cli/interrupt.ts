import type { Output } from './terminal/output.ts'

const GOES_ON = new Set(['start', 'stop', 'restart', 'reload', 'scale', 'delete'])
const OWN_SIGNALS = new Set(['run', 'daemon'])

/** Ctrl-C once stops waiting and says what goes on without us; twice leaves at once. */
export function interruptible(out: Output, command: string): AbortSignal {
  const controller = new AbortController()
  if (OWN_SIGNALS.has(command)) return controller.signal
  process.on('SIGINT', () => {
    if (controller.signal.aborted) process.exit(130)
    if (GOES_ON.has(command)) out.say(`\nNot waiting any more; the daemon goes on. Look with "upkeep list".`)
    controller.abort(interrupted())
    if (GOES_ON.has(command)) process.exit(130)
  })
  return controller.signal
}

function interrupted(): Error {
  return new DOMException('Interrupted', 'AbortError')
}
