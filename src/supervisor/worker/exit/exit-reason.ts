// Says in one sentence why a worker ended.

const SIGNAL_MEANINGS: Readonly<Record<string, string>> = {
  SIGABRT: 'it aborted; Node does so when it runs out of heap memory',
  SIGBUS: 'it touched memory that is not there',
  SIGFPE: 'it divided by zero in native code',
  SIGHUP: 'it was asked to hang up',
  SIGILL: 'it ran an instruction that this processor does not know',
  SIGINT: 'it was interrupted',
  SIGKILL: 'somebody killed it, or the kernel did because memory ran out',
  SIGPIPE: 'it wrote to a closed pipe',
  SIGSEGV: 'it crashed in native code',
  SIGTERM: 'somebody asked it to stop',
  SIGXCPU: 'it used more CPU time than its limit allows',
}

const CODE_MEANINGS: Readonly<Record<number, string>> = {
  0: 'it ended by itself',
  9: 'Node was given an invalid argument',
  13: 'an await at the top level never resolved',
  78: 'it says that its configuration is wrong',
  126: 'the program could not be executed',
  127: 'the program was not found',
  134: 'it aborted; Node does so when it runs out of heap memory',
}

export function exitReason(
  code: number | null,
  signal: string | null,
  lastLines: readonly string[],
  wasStopped = false,
  cause?: string,
): string {
  const error = errorIn(lastLines)
  const quoted = error === undefined ? '' : `: ${error.length > 300 ? `${error.slice(0, 299)}…` : error}`
  const shown = cause === undefined ? quoted : `${quoted}; ${cause}`
  if (signal === 'SIGKILL' && wasStopped) return 'Killed: it had been asked to stop and did not end in time'
  if (signal !== null) return `Ended by ${signal} (${SIGNAL_MEANINGS[signal] ?? 'a signal'})${shown}`
  if (code === null && wasStopped)
    return 'Stopped on request; an earlier daemon started it, so its status is unknown'
  if (code === null) return `Ended; an earlier daemon started it, so its status is unknown${shown}`
  if (code === 0 && wasStopped) return 'Exit code 0 (it was asked to stop)'
  const meaning = CODE_MEANINGS[code]
  return `Exit code ${code}${meaning === undefined ? '' : ` (${meaning})`}${shown}`
}

/** The message of the last error; a first line that only announces the next takes that with it. */
function errorIn(lines: readonly string[]): string | undefined {
  const index = lines.findLastIndex((line) => /^(?:Uncaught )?(?:[A-Z]\w*)?Error\b.*[:[]/.test(line))
  const first = lines[index]?.trim()
  const next = lines[index + 1]?.trim() ?? ''
  return first?.endsWith(':') && next !== '' ? `${first} ${next}` : first
}
