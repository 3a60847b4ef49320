// Requests that fail when one of two workers gets SIGKILL.
import { ClusterContender } from '../contenders/cluster-contender.js'
import { Pm2Contender } from '../contenders/pm2-contender.js'
import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { benchApp, freePort, kill, until } from '../support/built.js'
import { showLosses, sum, underLoad } from '../support/losses.js'

const CLIENTS = 40
const SETTLE_MS = '1s'

export const workerKill = {
  name: 'worker-kill',
  title: 'Failed requests when one of 2 workers gets SIGKILL',
  async run({ scope, quick, say }) {
    const rounds = quick ? 2 : 6
    const sides = []
    for (const contender of [new UpkeepContender(), new Pm2Contender(), new ClusterContender()]) {
      scope.own(contender)
      const port = await freePort()
      const upkeep = { restart: { minUptime: SETTLE_MS } }
      await contender.start({
        script: benchApp('server.cjs'),
        instances: 2,
        port,
        env: { DELAY_MS: '20' },
        upkeep,
      })
      sides.push({ contender, port, rounds: [] })
    }
    for (let round = 0; round < rounds; round++) {
      for (const each of sides) each.rounds.push(await oneKill(each, round))
    }
    const cells = {}
    for (const { contender, rounds: all } of sides) {
      cells[contender.name] = showLosses(sum(all.map(({ outcomes }) => outcomes)))
      say(`${contender.name}: ${cells[contender.name]}`)
    }
    const ours = sides[0].rounds
    const strangers = ours.reduce((count, each) => count + each.strangers, 0)
    const most = Math.max(...ours.map(({ outcomes }) => outcomes.reset))
    return [
      {
        what: `lost in ${rounds} kills, ${CLIENTS} clients; ${strangers} of them not on a connection of the killed worker, at most ${most} in one kill`,
        cells,
        bar: 'only those in flight in it; 0 refused',
        isMet: strangers === 0 && ours.every(({ outcomes }) => outcomes.refused === 0),
      },
    ]
  },
}

async function oneKill({ contender, port }, round) {
  let killed
  const options = { kind: round % 2 === 0 ? 'get' : 'connection', port, clients: CLIENTS, pauseMs: 10 }
  const { outcomes, failures } = await underLoad([options], async ([running]) => {
    killed = (await contender.workers())[round % 2]
    kill(killed)
    await until(async () => {
      const workers = await contender.workers()
      return workers.length === 2 && !workers.includes(killed)
    })
    await running.answers(500)
  })
  // A connection that was never answered belongs to nobody we know: with one connection per request, all do.
  const own = failures.filter(
    ({ kind, worker }) => kind === 'reset' && (worker === null || Number(worker) === killed),
  )
  return { outcomes, strangers: failures.length - own.length }
}
