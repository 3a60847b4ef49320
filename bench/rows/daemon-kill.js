// Requests that fail while the one who supervises gets SIGKILL, and nobody does anything about it.
import { setTimeout as sleep } from 'node:timers/promises'
import { ClusterContender } from '../contenders/cluster-contender.js'
import { Pm2Contender } from '../contenders/pm2-contender.js'
import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { benchApp, freePort, kill, lost } from '../support/built.js'
import { showLosses, sum, underLoad } from '../support/losses.js'
import { Scope } from '../support/scope.js'

const CLIENTS = 20
const WATCHED_MS = 3000
const CONTENDERS = [UpkeepContender, Pm2Contender, ClusterContender]

export const daemonKill = {
  name: 'daemon-kill',
  title: 'Failed requests when the supervisor gets SIGKILL',
  async run({ scope, quick, say }) {
    const rounds = quick ? 1 : 3
    const all = new Map()
    for (let round = 0; round < rounds; round++) {
      for (const Contender of CONTENDERS) {
        const { name, outcomes } = await oneKill(scope, new Contender(), say)
        all.set(name, [...(all.get(name) ?? []), outcomes])
      }
    }
    const cells = Object.fromEntries([...all].map(([name, outcomes]) => [name, showLosses(sum(outcomes))]))
    for (const [name, cell] of Object.entries(cells)) say(`${name}: ${cell}`)
    return [
      {
        what: `lost within ${WATCHED_MS / 1000} s of ${rounds} ${rounds === 1 ? 'kill' : 'kills'}, ${CLIENTS * 2} clients`,
        cells,
        bar: '0 lost',
        isMet: lost(sum(all.get('Upkeep'))) === 0,
      },
    ]
  },
}

async function oneKill(outer, contender, say) {
  const scope = outer.own(new Scope())
  scope.own(contender)
  const port = await freePort()
  await contender.start({ script: benchApp('server.cjs'), instances: 2, port, env: { DELAY_MS: '10' } })
  const load = { port, clients: CLIENTS, pauseMs: 20 }
  const loads = [
    { ...load, kind: 'get' },
    { ...load, kind: 'connection' },
  ]
  const act = async () => {
    const pid = await contender.supervisor()
    kill(pid)
    await sleep(WATCHED_MS)
    // Nor may it cost anything that the next one takes over.
    if (contender.replaced !== undefined) {
      say(
        `${contender.name}: ${(await contender.replaced(pid)) ? 'came back by itself' : 'had to be started again'}`,
      )
    }
  }
  const { outcomes } = await underLoad(loads, act, { settle: 0 })
  await scope.close()
  return { name: contender.name, outcomes }
}
