// Everything in turn, for a minute: constant load while the app is reloaded, scaled up and down, loses a worker and
// loses its daemon, again and again. All outcomes are counted by kind, and by what was going on.
import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { asked, benchApp, freePort, kill, Load, lost, until } from '../support/built.js'
import { difference, showLosses, stopped, sum } from '../support/losses.js'

const KINDS = ['get', 'post', 'connection']
const CLIENTS = 14
const NOTHING = '0 lost'

const ACTS = [
  { what: 'reload', act: (upkeep) => upkeep.reload() },
  { what: 'scale from 2 to 4', act: (upkeep) => upkeep.scale(4) },
  { what: 'scale from 4 to 2', act: (upkeep) => upkeep.scale(2) },
  { what: 'SIGKILL of a worker', act: crash, bar: 'only resets: what was in flight in it' },
  { what: 'SIGKILL of the daemon, and the next one', act: killDaemon },
]

export const flagship = {
  name: 'flagship',
  title: `Constant load of ${CLIENTS * KINDS.length} clients during reloads, scaling, crashes and daemon kills`,
  async run({ scope, quick, say }) {
    const upkeep = scope.own(new UpkeepContender())
    const port = await freePort()
    await upkeep.start({
      script: benchApp('server.cjs'),
      instances: 2,
      port,
      env: { DELAY_MS: '10' },
      upkeep: { restart: { minUptime: '500ms' } },
    })
    const loads = KINDS.map((kind) => new Load({ kind, port, clients: CLIENTS, pauseMs: 20 }))
    for (const load of loads) scope.own({ close: async () => load.kill() })
    await settled(loads)
    const phases = ACTS.map((act) => ({ ...act, outcomes: [] }))
    const { turns, seconds } = await repeat(quick ? 10_000 : 60_000, (turn) =>
      onePass(phases, loads, upkeep).then(() => say(`turn ${turn}: ${showLosses(allOf(phases))}`)),
    )
    await Promise.all(loads.map(stopped))
    const total = allOf(phases)
    return [
      ...phases.map((phase) => result(phase, turns)),
      {
        what: `all, in ${Math.round(seconds)} s: ${asked(total).toLocaleString('en-US')} requests`,
        cells: { Upkeep: showLosses(total) },
        bar: '0 refused, 0 timeout',
        isMet: total.refused + total.timeout + total.wrongStatus + total.unexpected === 0,
      },
    ]
  },
}

async function repeat(forMs, pass) {
  const startedMs = performance.now()
  let turns = 0
  while (turns === 0 || performance.now() - startedMs < forMs) await pass(++turns)
  return { turns, seconds: (performance.now() - startedMs) / 1000 }
}

async function onePass(phases, loads, upkeep) {
  for (const phase of phases) {
    const before = await counts(loads)
    await phase.act(upkeep)
    await settled(loads)
    phase.outcomes.push(difference(await counts(loads), before))
  }
}

function allOf(phases) {
  return sum(phases.flatMap(({ outcomes }) => outcomes))
}

/** What an act broke shows in the requests that come after it. */
function settled(loads) {
  return Promise.all(loads.map((load) => load.answers(150)))
}

async function counts(loads) {
  return sum((await Promise.all(loads.map((load) => load.report()))).map(({ outcomes }) => outcomes))
}

async function crash(upkeep) {
  const [pid] = await upkeep.workers()
  kill(pid)
  await until(async () => {
    const workers = await upkeep.workers()
    return workers.length === 2 && !workers.includes(pid)
  })
}

async function killDaemon(upkeep) {
  const pid = await upkeep.supervisor()
  kill(pid)
  await upkeep.replaced(pid)
  await until(async () => (await upkeep.workers()).length === 2, { within: '20s' })
}

function result({ what, outcomes, bar = NOTHING }, turns) {
  const total = sum(outcomes)
  const isExcused = bar !== NOTHING && lost(total) === total.reset
  return {
    what: `${what}, ${turns} times`,
    cells: { Upkeep: showLosses(total) },
    bar,
    isMet: lost(total) === 0 || isExcused,
  }
}
