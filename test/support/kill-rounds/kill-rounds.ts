// Rounds of: requests and log lines flow, the daemon gets SIGKILL at a random moment, the next one is started as a user
// would. Everything is counted: what became of each request, each line, each worker. The same seed begins the same things
// and names the same moments. `npm test` runs a few rounds, bench/rows/kill-rounds.js 200.
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UpkeepClient } from '../../../src/client/upkeep-client.ts'
import type { AppStatus } from '../../../src/protocol/status.ts'
import { freePort } from '../free-port.ts'
import type { LoadFailure, Outcomes } from '../load/load.ts'
import { lost } from '../load/load.ts'
import { testApp } from '../package-root.ts'
import { isAlive, kill } from '../processes.ts'
import { until } from '../until.ts'
import { Upkeep } from '../upkeep.ts'
import { LineCensus } from './line-census.ts'
import type { LineCounts } from './line-counts.ts'
import { allLines, lineProblems, linesSince } from './line-counts.ts'
import { Random } from './random.ts'
import { Requests } from './requests.ts'
import type { RoundKind } from './round-kinds.ts'
import { ACTS, ROUND_KINDS } from './round-kinds.ts'
import type { StrangeWorkers } from './worker-census.ts'
import { isSettled, NO_STRANGE_WORKERS, strangeWorkers } from './worker-census.ts'

export interface KillRoundsOptions {
  readonly seed: number
  /** Clients of each kind of request. @default 6 */
  readonly clients?: number
  /** How many lines each worker writes. @default 1000 */
  readonly linesPerSecond?: number
}

export interface RoundReport {
  readonly kind: RoundKind
  /** The command after which there was a daemon again. */
  readonly next: string
  /** Workers of a daemon before were to be replaced. */
  readonly isReloadOfAdopted: boolean
  /** The kill left an unfinished state file. */
  readonly isStateUnfinished: boolean
  readonly outcomes: Outcomes
  readonly lines: LineCounts
  readonly workers: StrangeWorkers
  /** What must not be, and what explains it; none in a good round. */
  readonly problems: readonly string[]
}

const SETTLED_WITHIN = '30s'
const DRAINED_WITHIN = '45s'
const LINES_WITHIN = '15s'
const UNKNOWN_LINES_WITHIN = '3s'
const LONGEST_ABSENCE_MS = 300
const MOST_INSTANCES = 5
const NEXT: [string[], ...string[][]] = [
  ['daemon', 'start'],
  ['start', 'web'],
  ['reload', 'web'],
  ['scale', 'web', '+1'],
]

export class KillRounds {
  readonly #seed: number
  readonly #up = new Upkeep()
  readonly #client = new UpkeepClient({ home: this.#up.home })
  readonly #options: KillRoundsOptions
  readonly #lines = new Map<string, LineCensus>()
  readonly #timeline: string[] = []
  #requests: Requests | undefined
  #linesBefore: LineCounts | undefined

  constructor(options: KillRoundsOptions) {
    this.#seed = options.seed
    this.#options = options
  }

  /** Starts the app and the load. */
  async start(): Promise<void> {
    const port = await freePort(2)
    const web = this.#config('web', port)
    this.#config('extra', port + 1)
    await this.#up.ok('start', web)
    this.#requests = new Requests(port, this.#options.clients ?? 6)
    await this.#requests.flow()
  }

  async round(round: number): Promise<RoundReport> {
    const kind = kindOf(this.#seed, round)
    const random = new Random(this.#seed + 1 + round)
    const explain = (what: unknown) =>
      `${what}\nround ${round}, ${kind}, seed ${this.#seed}\n${this.#timeline.slice(-8).join('\n')}${this.#up.report()}`
    this.#note(`round ${round}, ${kind}`)
    try {
      const report = await this.#play(kind, random)
      const { problems } = report
      return problems.length === 0 ? report : { ...report, problems: [explain(problems.join('\n'))] }
    } catch (error) {
      throw new Error(explain(error), { cause: error })
    }
  }

  /** Ends the load and waits until all has drained; returns what is wrong then. */
  async end(): Promise<readonly string[]> {
    const requests = requestProblems(await this.#loaded.stop())
    const isDrained = async () =>
      (await this.#client.apps()).every(({ instances }) =>
        instances.every(({ drainingPids }) => drainingPids.length === 0),
      )
    await until(isDrained, { within: DRAINED_WITHIN, show: () => this.#states() })
    const workers = await this.#settle()
    const lines = await this.#recentLines()
    return [...requests, ...workerProblems(workers), ...lineProblems(lines)]
  }

  async close(): Promise<void> {
    this.#requests?.kill()
    await this.#up.close()
  }

  async #play(kind: RoundKind, random: Random): Promise<RoundReport> {
    const daemon = await this.#client.daemon()
    const apps = await this.#client.apps()
    const web = apps.find(({ name }) => name === 'web')
    const command = await ACTS[kind]({
      up: this.#up,
      random,
      instances: web?.instances.length ?? 0,
      hasExtra: apps.some(({ name }) => name === 'extra'),
      extraConfig: join(this.#up.folder, 'extra.json'),
      kill: () => {
        // With its keeper, so that none comes back by itself, or without, so that one comes just when a command does.
        const isAlone = daemon.keeperPid === null || random.pick([true, false])
        if (!isAlone) kill(daemon.keeperPid)
        kill(daemon.pid)
        this.#note(`daemon ${daemon.pid} killed${isAlone ? '' : ' with its keeper'}`)
      },
    })
    await until(() => !isAlive(daemon.pid))
    const isStateUnfinished = readdirSync(this.#up.home).some((name) => name.endsWith(`.${daemon.pid}.tmp`))
    await sleep(random.between(0, LONGEST_ABSENCE_MS))
    const next = Number(web?.instances.length) > MOST_INSTANCES ? ['scale', 'web', '2'] : random.pick(NEXT)
    this.#note(`upkeep ${next.join(' ')}`)
    await this.#up.ok(...next)
    const workers = await this.#settle()
    await this.#loaded.flow()
    this.#note('settled')
    const requests = await this.#loaded.recent()
    const lines = await this.#recentLines()
    const isAdopted = web?.instances.some(({ startedAtMs }) => Number(startedAtMs) < daemon.startedAtMs)
    return {
      kind,
      next: next.join(' '),
      isReloadOfAdopted: next[0] === 'reload' || (command === 'reload' && isAdopted === true),
      isStateUnfinished,
      outcomes: requests.outcomes,
      lines,
      workers,
      problems: [...requestProblems(requests), ...workerProblems(workers), ...lineProblems(lines)],
    }
  }

  /** Writes the config of an app with numbered lines and returns its path. */
  #config(name: string, port: number): string {
    const { linesPerSecond = 1000 } = this.#options
    const counts = join(this.#up.folder, 'counts', name)
    mkdirSync(counts, { recursive: true })
    this.#lines.set(name, new LineCensus(join(this.#up.home, 'logs', name), counts))
    const env = { PORT: String(port), COUNTS: counts, LINES_PER_S: String(linesPerSecond) }
    // Rotation is frequent, and all lines stay. Smaller files are rotated with a read in hand (decision 0003).
    const logs = { maxSize: '300KB', keep: 10_000, maxTotal: '10GB' }
    const app = { name, script: testApp('counts-lines.mjs'), instances: 2, env, logs }
    return this.#up.config([app], `${name}.json`)
  }

  get #loaded(): Requests {
    if (this.#requests === undefined) throw new Error('the rounds have not been started')
    return this.#requests
  }

  /** Waits until every instance has its worker and there is no other; returns who is strange even then. */
  async #settle(): Promise<StrangeWorkers> {
    let strange = NO_STRANGE_WORKERS
    const isGood = async () => {
      const before = await this.#client.apps()
      // Workers come and go meanwhile: who is known before or after is known.
      strange = strangeWorkers(this.#up.home, before, await this.#client.apps())
      const hasStrange = strange.orphans.length + strange.doubles.length > 0
      return before.some(({ name }) => name === 'web') && before.every(isSettled) && !hasStrange
    }
    try {
      await until(isGood, { within: SETTLED_WITHIN, show: () => this.#states() })
      return NO_STRANGE_WORKERS
    } catch (error) {
      if (strange === NO_STRANGE_WORKERS || strange.orphans.length + strange.doubles.length === 0) throw error
      return strange
    }
  }

  async #states(): Promise<unknown> {
    const apps: readonly AppStatus[] = await this.#client.apps()
    return apps.map(({ name, wanted, state, instances }) => ({ name, wanted, state, instances }))
  }

  /** Waits for all lines that were written until now; those that do not come are missing. */
  async #recentLines(): Promise<LineCounts> {
    const apps = await this.#client.apps()
    for (const [name, census] of this.#lines) {
      const written = census.written()
      const isKnown = apps.some((app) => app.name === name)
      const haveCome = () => {
        census.read()
        return census.hasReached(written)
      }
      // An app that was deleted has its lines all the same.
      await until(haveCome, { within: isKnown ? LINES_WITHIN : UNKNOWN_LINES_WITHIN }).catch(() =>
        isKnown ? census.giveUp(written) : census.undo(written),
      )
    }
    const now = allLines([...this.#lines.values()].map(({ counts }) => counts))
    const recent = linesSince(now, this.#linesBefore)
    this.#linesBefore = now
    return recent
  }

  #note(what: string): void {
    this.#timeline.push(`${new Date().toISOString()} ${what}`)
  }
}

/** Every six rounds have each kind once, in an order that the seed names. */
function kindOf(seed: number, round: number): RoundKind {
  const random = new Random(seed ^ Math.floor(round / ROUND_KINDS.length))
  const left = [...ROUND_KINDS]
  const order: RoundKind[] = []
  while (left.length > 0) order.push(...left.splice(Math.floor(random.between(0, left.length)), 1))
  return order[round % ROUND_KINDS.length] ?? 'idle'
}

function requestProblems({
  outcomes,
  failures,
}: {
  outcomes: Outcomes
  failures: readonly LoadFailure[]
}): string[] {
  if (lost(outcomes) === 0) return []
  const shown = failures.map((failure) => JSON.stringify({ ...failure, at: new Date(failure.atMs) }))
  return [`requests failed: ${JSON.stringify(outcomes)}`, ...shown]
}

function workerProblems({ orphans, doubles }: StrangeWorkers): string[] {
  return [...orphans.map((one) => `orphan: ${one}`), ...doubles.map((one) => `double worker: ${one}`)]
}
