// In the middle of what the daemon gets its SIGKILL. Each kind begins something and kills at a moment that chance names.
import { watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Upkeep } from '../upkeep.ts'
import type { Random } from './random.ts'

export const ROUND_KINDS = ['idle', 'start', 'reload', 'scale', 'rotation', 'state write'] as const

export type RoundKind = (typeof ROUND_KINDS)[number]

/** What a round happens to. */
export interface Stage {
  readonly up: Upkeep
  readonly random: Random
  /** How many instances `web` has. */
  readonly instances: number
  /** True while there is an app `extra`. */
  readonly hasExtra: boolean
  /** The config file of `extra`. */
  readonly extraConfig: string
  kill(): void
}

/** Kills; returns the name of the command that was under way, if one was. */
type Act = (stage: Stage) => Promise<string | undefined>

export const ACTS: Readonly<Record<RoundKind, Act>> = {
  async idle({ random, kill }) {
    await sleep(random.between(0, 300))
    kill()
    return undefined
  },
  async start(stage) {
    if (stage.hasExtra) await stage.up.ok('delete', 'extra')
    return await during(stage, 800, 'start', stage.extraConfig)
  },
  reload: (stage) => during(stage, 1800, 'reload', 'web'),
  scale: (stage) => during(stage, 1000, 'scale', 'web', otherCount(stage)),
  async rotation({ up, random, kill }) {
    await afterChanges({ folder: join(up.home, 'logs', 'web'), name: /\.out\.2/, most: 6, random })
    kill()
    return undefined
  },
  'state write': (stage) => {
    const commands: [string[], string[]] = [
      ['reload', 'web'],
      ['scale', 'web', otherCount(stage)],
    ]
    const changes = { folder: stage.up.home, name: /^state\.json/, most: 8 }
    return atChanges(stage, changes, ...stage.random.pick(commands))
  },
}

function otherCount({ instances }: Stage): string {
  return instances === 2 ? '4' : '2'
}

/** Kills when a worker is about to be spawned or just was, or at any moment before this command is over. */
async function during(stage: Stage, withinMs: number, ...command: string[]): Promise<string | undefined> {
  const { up, random, kill } = stage
  const pipes = { folder: join(up.home, 'run'), name: /\.out$/, most: 3 }
  if (random.pick([true, false])) return await atChanges(stage, pipes, ...command)
  const { ended } = up.spawn({}, ...command)
  await sleep(random.between(80, withinMs))
  kill()
  await ended
  return command[0]
}

interface Changes {
  readonly folder: string
  readonly name: RegExp
  /** One of so many is meant. */
  readonly most: number
}

/** Kills at or soon after one of the changes that this command brings, or when it has ended without. */
async function atChanges(stage: Stage, changes: Changes, ...command: string[]): Promise<string | undefined> {
  const { up, random, kill } = stage
  const over = new AbortController()
  const changed = afterChanges({ ...changes, random, signal: over.signal })
  const { ended } = up.spawn({}, ...command)
  await Promise.race([changed, ended])
  over.abort()
  kill()
  await ended
  return command[0]
}

/** Resolves at once, microseconds or milliseconds after one of the next changes to files of such a name. */
function afterChanges({
  folder,
  name,
  most,
  random,
  signal,
}: Changes & { random: Random; signal?: AbortSignal }): Promise<void> {
  let left = Math.floor(random.between(1, most))
  const spinMs = random.pick([0, random.between(0, 0.5), random.between(0, 20)])
  return new Promise((resolve, reject) => {
    const watcher = watch(folder, signal === undefined ? {} : { signal }, (_, changed) => {
      if (changed === null || !name.test(changed) || --left > 0) return
      watcher.close()
      const untilMs = performance.now() + spinMs
      // A timer would be too coarse to meet the middle of a write.
      while (performance.now() < untilMs);
      resolve()
    })
    watcher.once('error', reject)
  })
}
