// Everything at once, for a minute: constant load while the app is reloaded, scaled up and down, loses a worker and
// loses its daemon, again and again. All outcomes are counted by kind.
import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { benchApp, freePort, kill, Load, lost, until } from '../support/built.js'
import { showLosses, stopped, sum } from '../support/losses.js'

const KINDS = ['get', 'post', 'connection']
const CLIENTS = 14

export const flagship = {
  name: 'flagship',
  title: 'Constant load during reloads, scaling, crashes and daemon kills',
  async run({ scope, quick, say }) {
    const upkeep = scope.own(new UpkeepContender())
    const port = await freePort()
    const settings = { restart: { minUptime: '500ms' } }
    await upkeep.start({
      script: benchApp('server.cjs'),
      instances: 2,
      port,
      env: { DELAY_MS: '10' },
      upkeep: settings,
    })
    const loads = KINDS.map((kind) => new Load({ kind, port, clients: CLIENTS, pauseMs: 20 }))
    for (const load of loads) scope.own({ close: async () => load.kill() })
    const settle = () => Promise.all(loads.map((load) => load.answers(150)))
    await settle()
    const killed = new Set()
    const startedMs = performance.now()
    let turns = 0
    for (; turns === 0 || performance.now() - startedMs < (quick ? 10_000 : 60_000); turns++) {
      for (const act of [reload, scaleUp, scaleDown, crash, killDaemon]) {
        await act(upkeep, killed)
        await settle()
      }
      say(
        `turn ${turns + 1}: ${showLosses(sum((await Promise.all(loads.map((load) => load.report()))).map(({ outcomes }) => outcomes)))}`,
      )
    }
    return [
      result(await Promise.all(loads.map(stopped)), killed, turns, (performance.now() - startedMs) / 1000),
    ]
  },
}

function reload(upkeep) {
  return upkeep.reload()
}

function scaleUp(upkeep) {
  return upkeep.scale(4)
}

function scaleDown(upkeep) {
  return upkeep.scale(2)
}

async function crash(upkeep, killed) {
  const [pid] = await upkeep.workers()
  killed.add(String(pid))
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

function result(reports, killed, turns, seconds) {
  const outcomes = sum(reports.map((report) => report.outcomes))
  const failures = reports.flatMap((report) => report.failures)
  const inKilled = failures.filter(
    ({ kind, worker }) => kind === 'reset' && (worker === null || killed.has(worker)),
  )
  const others = lost(outcomes) - inKilled.length
  return {
    what: `${turns} turns of reload, scale to 4, scale to 2, SIGKILL of a worker, SIGKILL of the daemon in ${Math.round(seconds)} s, ${CLIENTS * KINDS.length} clients; ${others} lost that were not in flight in a killed worker`,
    cells: { Upkeep: showLosses(outcomes) },
    bar: 'only what was in flight in a killed worker',
    isMet: others === 0,
  }
}
