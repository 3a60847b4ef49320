// What the preload inside a worker costs: its start-up, and requests per second.

import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { ask } from '../support/ask.js'
import { benchApp, freePort, until } from '../support/built.js'
import { requestsPerSecond } from '../support/flood.js'
import { inTurn } from '../support/in-turn.js'
import { compare, number, Samples } from '../support/samples.js'

const START_BAR_MS = 10
const RATE_BAR = 0.97

export const agent = {
  name: 'agent',
  title: "The agent's cost, one worker with and without it",
  async run({ scope, quick, say }) {
    const upkeep = scope.own(new UpkeepContender())
    const sides = [await withAgent(upkeep), await withoutAgent(upkeep)]
    await inTurn(sides, quick ? 7 : 15, (side) => startUp(upkeep, side))
    // The bar is closer than the machine is steady: only many samples in turn can tell.
    const windows = { warmUpMs: 400, measuredMs: 800 }
    await inTurn(sides, quick ? 9 : 31, async ({ port, rate }) =>
      rate.add(await requestsPerSecond(port, windows)),
    )
    const [with_, without] = sides
    const startMs = with_.startMs.median - without.startMs.median
    const { ratio, text } = compare(with_.rate, without.rate)
    say(`start-up ${with_.startMs.show(' ms')} with, ${without.startMs.show(' ms')} without`)
    say(`${with_.rate.show('/s')} with, ${without.rate.show('/s')} without`)
    return [
      {
        what: 'ms from the start of the process until it listens (node: without agent)',
        cells: { Upkeep: with_.startMs.show(), node: without.startMs.show() },
        ratio: `${startMs < 0 ? '' : '+'}${number(startMs)} ms`,
        bar: `≤ ${START_BAR_MS} ms more`,
        isMet: startMs <= START_BAR_MS,
      },
      {
        what: 'requests/s of one worker (node: without agent)',
        cells: { Upkeep: with_.rate.show(), node: without.rate.show() },
        ratio: text,
        bar: `≥ ${RATE_BAR} × without`,
        isMet: ratio >= RATE_BAR,
      },
    ]
  },
}

async function withAgent(upkeep) {
  const port = await freePort()
  await upkeep.start({ name: 'with', script: benchApp('server.cjs'), instances: 1, port })
  return { name: 'with', port, startMs: new Samples(), rate: new Samples() }
}

async function withoutAgent(upkeep) {
  const port = await freePort()
  const env = { NODE: process.execPath, SCRIPT: benchApp('server.cjs') }
  // It binds by itself, so the old one has to be gone before the new one comes.
  const settings = { ready: 'started', reload: { order: 'stop-first' } }
  await upkeep.start({
    name: 'without',
    script: benchApp('without-agent.sh'),
    instances: 1,
    port,
    env,
    upkeep: settings,
  })
  return { name: 'without', port, startMs: new Samples(), rate: new Samples() }
}

async function startUp(upkeep, { name, port, startMs }) {
  await upkeep.run('restart', name)
  startMs.add(Number(await until(() => ask(port, '/started'))))
}
