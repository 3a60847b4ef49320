// Half an hour of load, reloads, crashes and daemon kills at random: does the daemon grow, or leak descriptors?
//
// A kill begins a new daemon, whose memory says nothing about growth. So daemons are killed only in the first third; the
// last of them lives for the rest, and is measured a quarter into that (minute 5 of its life of 20) and at the end: both
// times when it has nothing to do but to watch and to read logs.
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { benchApp, freePort, kill, lost, newSeed, Random, Requests, until } from '../support/built.js'
import { showLosses, sum } from '../support/losses.js'
import { rssMb } from '../support/proc.js'
import { number, Samples } from '../support/samples.js'

const MINUTES = { quick: 1.5, full: 30 }
const CLIENTS = 10
const MOST_PAUSE_MS = 2000
const SAMPLE_MS = 250
const GROWTH_BAR = 1.1

export const soak = {
  name: 'soak',
  title: 'Memory and descriptors of the daemon under load, reloads, crashes and kills',
  isOnlyWhenNamed: true,
  async run({ scope, quick, say, minutes = quick ? MINUTES.quick : MINUTES.full, seed = newSeed() }) {
    say(`${minutes} minutes, --seed ${seed}, Node ${process.versions.node}`)
    const run = new Soak(scope, new Random(seed))
    await run.start()
    const wholeMs = minutes * 60_000
    const startedMs = performance.now()
    const at = (share) => startedMs + wholeMs * share
    await run.actUntil(at(1 / 3), ['reload', 'crash', 'daemon kill'])
    const windowMs = wholeMs / 60
    await run.actUntil(at(1 / 3 + 1 / 6) - windowMs, ['reload', 'crash'])
    const early = await run.measure(windowMs)
    say(`a quarter into its life: ${early.text}`)
    await run.actUntil(at(1) - windowMs, ['reload', 'crash'])
    const late = await run.measure(windowMs)
    say(`at its end: ${late.text}`)
    return [...growth(early, late, minutes), await run.requests(minutes)]
  },
}

function growth(early, late, minutes) {
  const ratio = late.rss.median / early.rss.median
  const what = `minute ${number(minutes / 6)} and minute ${number((minutes * 2) / 3)} of the last daemon's life`
  return [
    {
      what: `resident MB, ${what}`,
      cells: { Upkeep: `${early.rss.show()}, ${late.rss.show()}` },
      ratio: `${ratio.toFixed(2)} ×`,
      bar: `≤ ${GROWTH_BAR} ×`,
      isMet: ratio <= GROWTH_BAR,
    },
    {
      what: `descriptors, ${what}`,
      cells: { Upkeep: `${early.descriptors.show()}, ${late.descriptors.show()}` },
      bar: 'the same',
      isMet: early.descriptors.max === late.descriptors.max,
    },
  ]
}

class Soak {
  #scope
  #random
  #upkeep = new UpkeepContender()
  #requests
  #outcomes = []
  #strange = []
  #victims = new Set()
  #done = { reload: 0, crash: 0, 'daemon kill': 0 }

  constructor(scope, random) {
    this.#scope = scope
    this.#random = random
  }

  async start() {
    this.#scope.own(this.#upkeep)
    const port = await freePort()
    await this.#upkeep.start({
      script: benchApp('server.cjs'),
      instances: 2,
      port,
      env: { DELAY_MS: '10' },
      upkeep: { restart: { minUptime: '500ms' } },
    })
    this.#requests = new Requests(port, CLIENTS)
    this.#scope.own({ close: async () => this.#requests.kill() })
    await this.#requests.flow()
  }

  async actUntil(atMs, acts) {
    while (performance.now() < atMs) {
      await sleep(this.#random.between(0, MOST_PAUSE_MS))
      const act = this.#random.pick(acts)
      this.#done[act]++
      if (act === 'reload') await this.#upkeep.reload()
      else if (act === 'crash') await this.#crash()
      else await this.#killDaemon()
      await this.#settled()
      await this.#count()
    }
  }

  async measure(windowMs) {
    await this.#settled()
    const pid = await this.#upkeep.supervisor()
    const [rss, descriptors] = [new Samples(), new Samples()]
    for (const endMs = performance.now() + windowMs; performance.now() < endMs; ) {
      rss.add(rssMb(pid))
      descriptors.add(readdirSync(`/proc/${pid}/fd`).length)
      await sleep(SAMPLE_MS)
    }
    const done = Object.entries(this.#done).map(([act, times]) => `${times} × ${act}`)
    return {
      rss,
      descriptors,
      text: `${rss.show(' MB')}, ${descriptors.show()} descriptors, after ${done.join(', ')}`,
    }
  }

  async requests(minutes) {
    await this.#count(await this.#requests.stop())
    const total = sum(this.#outcomes)
    const { reload, crash, 'daemon kill': kills } = this.#done
    return {
      what: `requests lost in ${minutes} minutes of ${reload} reloads, ${crash} crashes, ${kills} kills of the daemon; ${this.#strange.length} of them not in a crashed worker`,
      cells: { Upkeep: showLosses(total) },
      bar: 'only resets: what crashed workers had in hand',
      isMet: lost(total) === total.reset && this.#strange.length === 0,
    }
  }

  async #crash() {
    const pid = this.#random.pick(await this.#upkeep.workers())
    this.#victims.add(String(pid))
    kill(pid)
    await until(async () => {
      const workers = await this.#upkeep.workers()
      return workers.length === 2 && !workers.includes(pid)
    })
  }

  async #killDaemon() {
    const pid = await this.#upkeep.supervisor()
    kill(pid)
    await this.#upkeep.replaced(pid)
  }

  async #settled() {
    await until(() => this.#upkeep.isSettled(), { within: '60s' })
    await this.#requests.flow()
  }

  async #count(counts) {
    const { outcomes, failures } = counts ?? (await this.#requests.recent())
    this.#outcomes.push(outcomes)
    for (const failure of failures) {
      if (failure.worker !== null && this.#victims.has(failure.worker)) continue
      // A connection that has had no answer yet does not say who held it; the one who did may be the one that was killed.
      if (failure.worker === null && this.#victims.size > 0 && failure.kind === 'reset') continue
      this.#strange.push(failure)
      console.log(`    ${JSON.stringify({ ...failure, done: this.#done })}`)
    }
  }
}
