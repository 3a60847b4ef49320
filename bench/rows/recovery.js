// From the death of the only worker to the next answer, against a bare `node app.js` from its start.
import { setTimeout as sleep } from 'node:timers/promises'
import { BareNode } from '../contenders/bare-node.js'
import { ClusterContender } from '../contenders/cluster-contender.js'
import { Pm2Contender } from '../contenders/pm2-contender.js'
import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { answeredAfter } from '../support/ask.js'
import { benchApp, freePort, kill, until } from '../support/built.js'
import { inTurn } from '../support/in-turn.js'
import { compare, Samples } from '../support/samples.js'

const BAR = 1.3
/** Longer than what every contender takes for a stable worker. */
const STABLE_MS = 1200
const SCRIPT = benchApp('server.cjs')

export const recovery = {
  name: 'recovery',
  title: 'A crash of the only worker to the next answer, in ms',
  async run({ scope, quick, say }) {
    const sides = [{ name: 'node', port: await freePort(), samples: new Samples(), act: startBare }]
    for (const contender of [new UpkeepContender(), new Pm2Contender(), new ClusterContender()]) {
      scope.own(contender)
      const port = await freePort()
      await contender.start({ script: SCRIPT, instances: 1, port, upkeep: { restart: { minUptime: '1s' } } })
      sides.push({ name: contender.name, contender, port, samples: new Samples(), act: crash })
    }
    await inTurn(sides, quick ? 5 : 9, async (side) => side.samples.add(await side.act(side)))
    for (const { name, samples } of sides) say(`${name}: ${samples.show(' ms')}`)
    const of = (name) => sides.find((side) => side.name === name).samples
    const { ratio, text } = compare(of('Upkeep'), of('node'))
    return [
      {
        what: 'ms from SIGKILL to the next answer (node: from its start)',
        cells: Object.fromEntries(sides.map(({ name, samples }) => [name, samples.show()])),
        ratio: text,
        bar: `≤ ${BAR.toFixed(1)} × the start of node`,
        isMet: ratio <= BAR,
      },
    ]
  },
}

async function startBare({ port }) {
  const node = new BareNode()
  try {
    const startedMs = performance.now()
    node.launch({ script: SCRIPT, port })
    return await answeredAfter(port, startedMs)
  } finally {
    await node.close()
  }
}

async function crash({ contender, port }) {
  const [pid] = await until(async () => {
    const workers = await contender.workers()
    return workers.length === 1 && workers
  })
  await sleep(STABLE_MS)
  const startedMs = performance.now()
  kill(pid)
  return answeredAfter(port, startedMs, pid)
}
