// How long the command line takes to say what runs.
import { spawnSync } from 'node:child_process'
import { Pm2Contender, pm2Path } from '../contenders/pm2-contender.js'
import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { benchApp, cliPath, freePort } from '../support/built.js'
import { inTurn } from '../support/in-turn.js'
import { compare, Samples } from '../support/samples.js'

const BAR = 2.5

export const list = {
  name: 'list',
  title: 'Wall time of the list as JSON, in ms, with one app of 2 instances',
  async run({ scope, quick, say }) {
    const upkeep = scope.own(new UpkeepContender())
    const pm2 = scope.own(new Pm2Contender())
    for (const contender of [upkeep, pm2]) {
      await contender.start({ script: benchApp('server.cjs'), instances: 2, port: await freePort() })
    }
    const sides = [
      { name: 'node', args: ['-e', '0'], env: process.env },
      { name: 'Upkeep', args: [cliPath, 'list', '--json'], env: upkeep.env },
      { name: 'pm2', args: [pm2Path, 'jlist'], env: pm2.env },
    ].map((side) => ({ ...side, samples: new Samples() }))
    await inTurn(sides, 2, wall)
    await inTurn(sides, quick ? 9 : 21, (side) => side.samples.add(wall(side)))
    for (const { name, samples } of sides) say(`${name}: ${samples.show(' ms')}`)
    const [bare, ours] = sides.map(({ samples }) => samples)
    const { ratio, text } = compare(ours, bare)
    return [
      {
        what: '`upkeep list --json`, `pm2 jlist`, `node -e 0`, ms',
        cells: Object.fromEntries(sides.map(({ name, samples }) => [name, samples.show()])),
        ratio: text,
        bar: `≤ ${BAR} × \`node -e 0\``,
        isMet: ratio <= BAR,
      },
    ]
  },
}

function wall({ args, env }) {
  const startedMs = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`)
  return performance.now() - startedMs
}
