import { join } from 'node:path'
import process from 'node:process'
import { PACKAGE_FOLDER } from '../base/package.ts'

/** Most of the time the daemon works too little to be worth an optimizing compiler, which costs 5 MB once it has run. */
const LATE_OPTIMIZATION: Readonly<Record<number, string>> = {
  20: '--interrupt-budget=5000000',
  22: '--invocation-count-for-turbofan=1000000',
  24: '--invocation-count-for-turbofan=1000000',
}

export const DAEMON_PROGRAM = join(PACKAGE_FOLDER, 'dist', 'bundle', 'daemon', 'main.js')

/** How the daemon of this version, on this Node, is started; the home follows. */
export function daemonCommand(): string[] {
  return [process.execPath, ...daemonFlags(), DAEMON_PROGRAM]
}

/** V8 changes the names of its options, and Node refuses those it does not know: only what was tried is given. */
export function daemonFlags(): string[] {
  const late = LATE_OPTIMIZATION[Number(process.versions.node.split('.')[0])]
  // The daemon makes little garbage; without this bound V8 takes some 5 MB more for it.
  return ['--max-semi-space-size=1', '--expose-gc', ...(late === undefined ? [] : [late])]
}
