// Lines that never reach a file: over rotations, when a worker crashes with a lot to say, when the daemon is killed.
import { copyFileSync, truncateSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pm2Contender } from '../contenders/pm2-contender.js'
import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { ask, askJson } from '../support/ask.js'
import { benchApp, freePort, kill, until } from '../support/built.js'
import { countLines, hasText } from '../support/log-lines.js'
import { number } from '../support/samples.js'
import { Scope } from '../support/scope.js'

const CRASH_LINES = 3000
/** pm2 can keep a connection for ever that it gave to a dead worker. */
const ANSWER_MS = 1000
const ROTATE_EVERY_MS = 250
const UPKEEP = {
  restart: { minUptime: '500ms' },
  logs: { maxSize: '256KB', keep: 10_000, maxTotal: '1GB' },
}

const CONTENDERS = [
  () => new UpkeepContender(),
  () => new Pm2Contender({ mode: 'fork' }),
  () => new Pm2Contender({ mode: 'cluster' }),
]

export const logLoss = {
  name: 'log-loss',
  title: 'Log lines lost',
  async run({ scope, quick, say }) {
    const rows = [
      await eachContender(scope, say, (side) => rotations(side, { rate: 20_000, seconds: quick ? 2 : 5 })),
      await eachContender(scope, say, (side) => crashes(side, quick ? 2 : 4)),
      await eachContender(scope, say, (side) => daemonKills(side, { rate: 2000, kills: quick ? 1 : 3 })),
    ]
    return rows.map(({ what, sides }) => ({
      what,
      cells: { Upkeep: sides[0].text, pm2: `fork ${sides[1].text}; cluster ${sides[2].text}` },
      bar: '0 lost',
      isMet: sides[0].lost === 0,
    }))
  },
}

async function eachContender(outer, say, measure) {
  const sides = []
  let what = ''
  for (const create of CONTENDERS) {
    const scope = outer.own(new Scope())
    const contender = scope.own(create())
    const port = await freePort()
    await contender.start({ script: benchApp('log-writer.cjs'), instances: 1, port, upkeep: UPKEEP })
    const side = await measure({ contender, port })
    sides.push(side)
    what = side.what
    say(`${what}: ${contender.name} ${side.text}`)
    await scope.close()
  }
  return { what, sides }
}

async function rotations({ contender, port }, { rate, seconds }) {
  await ask(port, `/pace?rate=${rate}`)
  const rotation = contender instanceof Pm2Contender ? copyTruncate(contender) : undefined
  await sleep(seconds * 1000)
  const { written } = await askJson(port, '/paced-end')
  rotation?.stop()
  const files = async () => [...(await contender.logFiles()), ...(rotation?.copies ?? [])]
  const found = await settledCount(files, 'line', written)
  const count = rotation?.copies.length ?? (await contender.logFiles()).length - 2
  return {
    what: `lines lost over rotations, ${number(rate)} lines/s for ${seconds} s`,
    lost: written - found,
    text: `${number(written - found)} of ${number(written)} (${count} rotations)`,
  }
}

/** What the logrotate template of pm2 and pm2-logrotate do: copy the file, then empty it. */
function copyTruncate(contender) {
  const copies = []
  const rotate = async () => {
    const folder = await contender.logDirectory()
    for (const file of await contender.logFiles()) {
      if (!/out.*\.log$/.test(basename(file))) continue
      const copy = join(folder, `${copies.length}.rotated`)
      copyFileSync(file, copy)
      truncateSync(file)
      copies.push(copy)
    }
  }
  let last = Promise.resolve()
  const timer = setInterval(() => {
    last = last.then(rotate)
  }, ROTATE_EVERY_MS)
  return { copies, stop: () => clearInterval(timer) }
}

async function crashes({ contender, port }, runs) {
  let lost = 0
  let traces = 0
  for (let run = 0; run < runs; run++) {
    const { pid } = await until(() => askJson(port, '/', ANSWER_MS))
    // The answer may be cut off by the crash it announces.
    await ask(port, `/crash?run=${run}&lines=${CRASH_LINES}`, ANSWER_MS).catch(() => {})
    await until(async () => (await askJson(port, '/', ANSWER_MS)).pid !== pid, { within: '20s' })
    // Long enough for a worker that crashes next to count as stable.
    await sleep(1200)
    lost += CRASH_LINES - (await settledCount(() => contender.logFiles(), `crash-${run}`, CRASH_LINES))
    if (hasText(await contender.logFiles(), `Error: the end of run ${run}`)) traces++
  }
  return {
    what: `lines lost in ${runs} crashes, each after ${number(CRASH_LINES)} lines of stderr`,
    lost: lost + (runs - traces),
    text: `${number(lost)} of ${number(CRASH_LINES * runs)} lines, the stack trace in ${runs - traces} of ${runs}`,
  }
}

async function daemonKills({ contender, port }, { rate, kills }) {
  await ask(port, `/pace?rate=${rate}`)
  const startedMs = performance.now()
  let written = 0
  for (let count = 0; count < kills; count++) {
    await sleep(500)
    written = await readCount(port, written)
    const pid = await contender.supervisor()
    kill(pid)
    await sleep(1500)
    // An app that is gone writes no more.
    if (!(await ask(port, '/', ANSWER_MS).catch(() => false))) break
    await contender.replaced?.(pid)
  }
  const isAlive = await ask(port, '/paced-end', ANSWER_MS).then(
    () => true,
    () => false,
  )
  const due = Math.floor(((performance.now() - startedMs) / 1000) * rate)
  written = isAlive ? await readCount(port, written) : Math.max(written, due)
  const found = await settledCount(() => contender.logFiles(), 'line', written)
  return {
    what: `lines lost over ${kills} ${kills === 1 ? 'kill' : 'kills'} of the daemon, ${number(rate)} lines/s`,
    lost: written - found,
    text: `${number(written - found)} of ${number(written)}${isAlive ? '' : ' (the app died with it)'}`,
  }
}

async function readCount(port, before) {
  return askJson(port, '/paced-count', ANSWER_MS).then(
    ({ written }) => written,
    () => before,
  )
}

/** Counts until all are there, or until nothing has come for a while. */
async function settledCount(files, word, expected) {
  let found = -1
  for (let same = 0; same < 4; ) {
    const now = countLines(await files(), word)
    if (now >= expected) return now
    same = now === found ? same + 1 : 0
    found = now
    await sleep(250)
  }
  return found
}
