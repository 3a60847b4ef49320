// How fast lines get from an app into a file, and what that costs the daemon. pm2 in its fastest modes: no date, no
// JSON, no rotation, chunks written as they come; in fork mode by its daemon, in cluster mode by the worker itself.
import { statSync } from 'node:fs'
import { Pm2Contender } from '../contenders/pm2-contender.js'
import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { askJson } from '../support/ask.js'
import { benchApp, freePort, until } from '../support/built.js'
import { inTurn } from '../support/in-turn.js'
import { cpuSeconds } from '../support/proc.js'
import { compare, Samples } from '../support/samples.js'

const LINE_BYTES = 100
const MB = 1024 * 1024
const SETTINGS = { logs: { maxSize: '8GB', maxTotal: '16GB' } }

const PROFILES = [
  { what: 'one line per write', chunk: 0, megabytes: { full: 20, quick: 10 } },
  { what: '64 KB per write', chunk: 65_536, megabytes: { full: 192, quick: 96 } },
]

export const logRate = {
  name: 'log-rate',
  title: 'Log lines of 100 bytes, from the first write to the last byte in the file',
  async run({ scope, quick, say }) {
    const sides = []
    for (const contender of [new UpkeepContender(), new Pm2Contender({ mode: 'fork' }), new Pm2Contender()]) {
      scope.own(contender)
      const port = await freePort()
      await contender.start({ script: benchApp('log-writer.cjs'), instances: 1, port, upkeep: SETTINGS })
      sides.push({ contender, port, daemon: await contender.supervisor() })
    }
    const results = []
    for (const profile of PROFILES) results.push(...(await measure(profile, sides, quick, say)))
    return results
  },
}

async function measure({ what, chunk, megabytes }, sides, quick, say) {
  const bytes = (quick ? megabytes.quick : megabytes.full) * MB
  const measured = sides.map((side) => ({ ...side, rate: new Samples(), cpu: new Samples() }))
  await inTurn(measured, quick ? 3 : 5, async (side) => {
    const { rate, cpu } = await burst(side, bytes, chunk)
    side.rate.add(rate)
    side.cpu.add(cpu)
  })
  const name = ({ contender }) => (contender.name === 'pm2' ? 'pm2 cluster' : contender.name)
  for (const side of measured)
    say(`${what}: ${name(side)} ${side.rate.show(' lines/s')}, ${side.cpu.show(' CPU ms/MB')}`)
  const [ours, ...theirs] = measured
  const fastest = theirs.reduce((best, side) => (side.rate.median > best.rate.median ? side : best))
  const rate = compare(ours.rate, fastest.rate)
  const cpu = compare(ours.cpu, fastest.cpu)
  const cellsOf = (key) => ({
    Upkeep: ours[key].show(),
    pm2: theirs
      .map((side) => `${side.contender.name === 'pm2' ? 'cluster' : 'fork'} ${side[key].show()}`)
      .join('; '),
  })
  return [
    {
      what: `lines/s, ${what}`,
      cells: cellsOf('rate'),
      ratio: rate.text,
      bar: `≥ 1.00 × the faster mode (${name(fastest)})`,
      isMet: rate.ratio >= 1,
    },
    {
      what: `daemon CPU ms per MB, ${what}`,
      cells: cellsOf('cpu'),
      ratio: cpu.text,
      bar: `≤ 1.00 × the faster mode (${name(fastest)})`,
      isMet: cpu.ratio <= 1,
    },
  ]
}

async function burst({ contender, port, daemon }, bytes, chunk) {
  const before = totalBytes(await contender.logFiles())
  const cpuBefore = cpuSeconds(daemon)
  const { startedMs, written } = await askJson(port, `/burst?bytes=${bytes}&chunk=${chunk}`)
  const files = await contender.logFiles()
  await until(() => totalBytes(files) - before >= written, { within: '60s' })
  const endedMs = Math.max(...files.map((file) => statSync(file).mtimeMs))
  const cpuMs = (cpuSeconds(daemon) - cpuBefore) * 1000
  return { rate: written / LINE_BYTES / ((endedMs - startedMs) / 1000), cpu: cpuMs / (written / MB) }
}

function totalBytes(files) {
  return files.reduce((sum, file) => sum + statSync(file).size, 0)
}
