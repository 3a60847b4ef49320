// Requests per second with two instances.
import { ClusterContender } from '../contenders/cluster-contender.js'
import { Pm2Contender } from '../contenders/pm2-contender.js'
import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { benchApp, freePort } from '../support/built.js'
import { requestsPerSecond } from '../support/flood.js'
import { inTurn } from '../support/in-turn.js'
import { compare, Samples } from '../support/samples.js'

const BAR = 1

const MODES = [
  { what: 'requests/s, kept connections', connection: 'keep-alive' },
  { what: 'requests/s, one connection per request', connection: 'close' },
]

export const throughput = {
  name: 'throughput',
  title: 'Requests per second with 2 instances, 64 connections at a time',
  async run({ scope, quick, say }) {
    const sides = []
    for (const contender of [new UpkeepContender(), new Pm2Contender(), new ClusterContender()]) {
      scope.own(contender)
      const port = await freePort()
      await contender.start({ script: benchApp('server.cjs'), instances: 2, port })
      sides.push({ contender, port })
    }
    const rows = []
    for (const mode of MODES) rows.push(await measure(mode, sides, quick, say))
    return rows
  },
}

async function measure({ what, connection }, contenders, quick, say) {
  const sides = contenders.map((side) => ({ ...side, samples: new Samples() }))
  // Rather many short samples than few long ones: each has its own connections, and so its own luck with their workers.
  const windows = { warmUpMs: 500, measuredMs: quick ? 1000 : 1500 }
  await inTurn(sides, quick ? 5 : 15, async ({ port, samples }) =>
    samples.add(await requestsPerSecond(port, { ...windows, connection })),
  )
  for (const { contender, samples } of sides) say(`${what}: ${contender.name} ${samples.show('/s')}`)
  const [ours, ...others] = sides.map(({ samples }) => samples)
  const better = others.reduce((best, samples) => (samples.median > best.median ? samples : best))
  const { ratio, text } = compare(ours, better)
  return {
    what,
    cells: Object.fromEntries(sides.map(({ contender, samples }) => [contender.name, samples.show()])),
    ratio: text,
    bar: `≥ ${BAR.toFixed(2)} × the better of the two`,
    isMet: ratio >= BAR,
  }
}
