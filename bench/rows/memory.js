// Resident memory of the daemon with its spooler and keeper, and what each further worker adds.
import { setTimeout as sleep } from 'node:timers/promises'
import { Pm2Contender } from '../contenders/pm2-contender.js'
import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { benchApp, freePort } from '../support/built.js'
import { rssMb } from '../support/proc.js'
import { compare, number, Samples } from '../support/samples.js'
import { Scope } from '../support/scope.js'

const AIM_MB = 50
const GROWTH_BAR_MB = 0.3
const SETTLE_MS = 2000
const WATCHED_MS = 3000
const SAMPLE_MS = 200

export const memory = {
  name: 'memory',
  title: 'Resident memory of the daemon, in MB',
  async run({ scope, quick, say }) {
    const further = quick ? 8 : 16
    const sides = [UpkeepContender, Pm2Contender].map((Contender) => ({
      Contender,
      two: new Samples(),
      growth: new Samples(),
    }))
    for (let round = 0; round < (quick ? 1 : 2); round++) {
      for (const side of sides) await measure(scope.own(new Scope()), side, further)
    }
    const [ours, theirs] = sides
    say(`Upkeep: ${ours.two.show(' MB')}, ${ours.growth.show(' MB')} per further worker`)
    say(`pm2: ${theirs.two.show(' MB')}, ${theirs.growth.show(' MB')} per further worker`)
    return [
      {
        what: 'MB with one app of 2 instances; Upkeep with spooler and keeper',
        cells: { Upkeep: ours.two.show(), pm2: theirs.two.show() },
        ratio: compare(ours.two, theirs.two).text,
        bar: `≤ pm2's; aim ${AIM_MB}${ours.two.median <= AIM_MB ? ' (met)' : ` (${number(ours.two.median - AIM_MB)} above)`}`,
        isMet: ours.two.median <= theirs.two.median,
      },
      {
        what: `MB per further worker (${further} more)`,
        cells: { Upkeep: ours.growth.show(), pm2: theirs.growth.show() },
        bar: `≤ ${GROWTH_BAR_MB}`,
        isMet: ours.growth.median <= GROWTH_BAR_MB,
      },
    ]
  },
}

async function measure(scope, { Contender, two, growth }, further) {
  const contender = scope.own(new Contender())
  await contender.start({ script: benchApp('server.cjs'), instances: 2, port: await freePort() })
  const pid = await contender.supervisor()
  two.add(await settledRss(pid))
  // What scaling needs for the first time is not what a worker needs.
  await contender.scale(4)
  const before = await settledRss(pid)
  await contender.scale(4 + further)
  growth.add(((await settledRss(pid)) - before) / further)
  await scope.close()
}

/** The median over a while in which nobody asks it anything. */
async function settledRss(pid) {
  await sleep(SETTLE_MS)
  const samples = new Samples()
  for (let at = 0; at < WATCHED_MS; at += SAMPLE_MS) {
    samples.add(rssMb(pid))
    await sleep(SAMPLE_MS)
  }
  return samples.median
}
