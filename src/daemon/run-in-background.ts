// A daemon that nobody looks after but a keeper.
import { closeSync, existsSync, writeSync } from 'node:fs'
import { systemClock } from '../base/clock.ts'
import { Failure } from '../base/failure.ts'
import { BackgroundDaemon } from './background-daemon.ts'
import type { DaemonParts, Inheritance } from './daemon.ts'
import { sharedLock, signLock } from './daemon-lock.ts'
import type { Home } from './home.ts'
import { Keeper } from './keeper.ts'
import { runUntilLeft } from './run-daemon.ts'
import type { LoadedState } from './state/load-state.ts'
import { Predecessor } from './upgrade/predecessor.ts'

/** Where a keeper waits for a word (bin/keeper). */
const KEEPER_FD = 3
/** Where the daemon before gives its lock (successor.ts). */
const LOCK_FD = 4

export interface Revival {
  /** Before the next try, should this daemon die too. */
  readonly pauseSeconds: number
  /** There as long as nobody else has started a daemon. */
  readonly needed: string
}

export interface BackgroundOptions {
  readonly home: string
  /** How a keeper started this daemon; undefined when it was not a keeper. */
  readonly revived?: Revival | undefined
  /** The process that started this one is the daemon, and is to be replaced. */
  readonly takesOver: boolean
}

export async function runInBackground({ home, revived, takesOver }: BackgroundOptions): Promise<void> {
  await runUntilLeft(home, async (given) => {
    const parts = revived === undefined ? given : { ...given, loadRecords: ifNeeded(revived, given) }
    const predecessor = takesOver ? new Predecessor() : undefined
    const inheritance = predecessor && (await inherit(predecessor, parts))
    const background = new BackgroundDaemon(parts, keeperOf(parts, revived?.pauseSeconds ?? 0))
    const { adopted } = await background.begin(inheritance)
    predecessor?.kept()
    if (revived !== undefined) tellKeeper('ready')
    return { adopted, left: background.left, leave: () => background.leave() }
  })
}

/** With the lock in hand: somebody else's daemon may have begun and have been stopped on purpose since the keeper looked. */
function ifNeeded({ needed }: Revival, { home, loadRecords }: DaemonParts): DaemonParts['loadRecords'] {
  return async () => {
    if (existsSync(needed)) return await loadRecords()
    throw new Failure(
      'DAEMON_ALREADY_RUNNING',
      `Cannot start a daemon in "${home.directory}": one began meanwhile`,
    )
  }
}

/** Ends the waiting of the keeper that started this daemon. */
export function tellKeeper(word: 'ready' | 'taken'): void {
  try {
    writeSync(KEEPER_FD, word)
    closeSync(KEEPER_FD)
  } catch {
    // It is gone, and so is what it would do.
  }
}

async function inherit(predecessor: Predecessor, { home, loadRecords }: DaemonParts): Promise<Inheritance> {
  // What cannot be read is better known while the other one still does its work.
  await loadRecords()
  await predecessor.prepared()
  return {
    lock: sharedLock(LOCK_FD, home),
    sockets: predecessor.sockets,
    loadRecords: () => loadWritten(home, loadRecords),
    async confirmed() {
      await predecessor.ready()
      signLock(home)
    },
  }
}

/** The other daemon has written it. Without it every worker would be ended as one that nobody wants. */
async function loadWritten(
  { stateFile }: Home,
  loadRecords: DaemonParts['loadRecords'],
): Promise<LoadedState> {
  const loaded = await loadRecords()
  if (existsSync(stateFile)) return loaded
  throw new Failure('STATE_UNREADABLE', `Cannot read state from ${stateFile}: it was removed meanwhile`)
}

function keeperOf({ home, log }: DaemonParts, pauseSeconds: number): Keeper {
  const [, script = ''] = process.argv
  return new Keeper({
    home,
    clock: systemClock,
    command: [process.execPath, ...process.execArgv, script],
    pauseSeconds,
    onProblem: (text) => log.problem('keeper', text),
  })
}
