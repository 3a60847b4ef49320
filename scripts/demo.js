#!/usr/bin/env node
// Shows what Upkeep is for on a real app: examples/api under load, while its workers are replaced and killed and the
// daemon is killed. `--keep` leaves everything running. Exits 0 when nothing was lost but what a killed worker had
// in hand.
import { fileURLToPath } from 'node:url'
import { build } from './build.js'

if (!build({ withTests: true })) process.exit(1)

const support = '../dist-test/test/support'
const { cliPath, Upkeep } = await import(`${support}/upkeep.js`)
const { Load } = await import(`${support}/load/load.js`)
const { NO_OUTCOMES } = await import(`${support}/load/outcomes.js`)
const { freePort } = await import(`${support}/free-port.js`)
const { until } = await import(`${support}/until.js`)

const CONFIG = fileURLToPath(new URL('../examples/api/upkeep.config.ts', import.meta.url))
const ORDER = JSON.stringify({ item: 'lamp', quantity: 2 })
const isKept = process.argv.includes('--keep')

const port = await freePort()
const upkeep = new Upkeep({ PORT: String(port) })
let isGood = false
try {
  isGood = await demo()
} catch (error) {
  console.error(error)
} finally {
  if (isKept) explainKept()
  else await upkeep.close()
}
process.exitCode = isGood ? 0 : 1

async function demo() {
  say('start examples/api on 2 instances')
  await upkeep.ok('start', CONFIG, '-i', '2')
  console.log((await upkeep.ok('list')).stdout)

  const loads = [
    new Load({ port, kind: 'get', path: '/users/7', clients: 20 }),
    new Load({ port, kind: 'post', path: '/orders', body: ORDER, clients: 10 }),
    new Load({ port, kind: 'connection', clients: 5 }),
  ]
  const phases = []
  const phase = async (title, act) => {
    say(title)
    const before = await counts(loads)
    const startedMs = performance.now()
    await act()
    // What the act broke shows in the requests that come after it.
    await Promise.all(loads.map((load) => load.answers(200)))
    phases.push({
      title,
      seconds: (performance.now() - startedMs) / 1000,
      ...difference(await counts(loads), before),
    })
  }
  try {
    await phase('steady load', () => Promise.all(loads.map((load) => load.answers(300))))
    await phase('reload', () => upkeep.ok('reload', 'api'))
    await phase('one worker is killed', killWorker)
    await phase('the daemon is killed', killDaemon)
    await phase('reload after that', () => upkeep.ok('reload', 'api'))
    await Promise.all(loads.map((load) => load.stop()))
  } finally {
    for (const load of loads) load.kill()
  }
  console.log(`\n${table(phases)}\n`)
  return judged(phases)
}

async function killWorker() {
  const [pid] = await upkeep.pids('api')
  process.kill(pid, 'SIGKILL')
  await until(async () => {
    const pids = await upkeep.pids('api')
    return pids.length === 2 && !pids.includes(pid)
  })
  await upkeep.untilState('api', 'ready')
}

async function killDaemon() {
  const workers = await upkeep.pids('api')
  await upkeep.replaceDaemon()
  await upkeep.untilState('api', 'ready')
  const after = await upkeep.pids('api')
  if (String(after) !== String(workers)) throw new Error(`workers ${workers} were not adopted: ${after}`)
  console.log(`    a new daemon has adopted the workers ${workers.join(' and ')}`)
}

async function counts(loads) {
  const sum = { ...NO_OUTCOMES }
  for (const { outcomes } of await Promise.all(loads.map((load) => load.report()))) {
    for (const kind of Object.keys(sum)) sum[kind] += outcomes[kind]
  }
  return sum
}

function difference(after, before) {
  return Object.fromEntries(Object.keys(after).map((kind) => [kind, after[kind] - before[kind]]))
}

function lostIn({ refused, reset, timeout, wrongStatus, unexpected }) {
  return refused + reset + timeout + wrongStatus + unexpected
}

function judged(phases) {
  const killed = phases.find(({ title }) => title === 'one worker is killed')
  const others = phases.filter((phase) => phase !== killed)
  const isSound = others.every((phase) => lostIn(phase) === 0) && lostIn(killed) === killed.reset
  if (isSound) console.log(`Nothing was lost but what the killed worker had in hand (${killed.reset}).`)
  else console.log('Requests were lost.')
  return isSound
}

function table(phases) {
  const rows = phases.map((phase) => {
    const { title, ok, refused, reset, timeout, wrongStatus, unexpected, seconds } = phase
    const lost = lostIn(phase)
    return [
      title,
      ok + lost,
      ok,
      refused,
      reset,
      timeout,
      wrongStatus + unexpected,
      lost,
      `${seconds.toFixed(1)} s`,
    ]
  })
  const head = ['', 'asked', 'answered', 'refused', 'reset', 'timeout', 'other', 'lost', 'took']
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => String(row[column]).length)),
  )
  const line = (row) =>
    row.map((cell, column) => String(cell)[column === 0 ? 'padEnd' : 'padStart'](widths[column])).join('  ')
  return [head, ...rows].map(line).join('\n')
}

function explainKept() {
  console.log(`Still running:
  http://127.0.0.1:${port}/           who answers
  http://127.0.0.1:${port}/events     server-sent events

Look at it and stop it with:
  export UPKEEP_HOME=${upkeep.home}
  alias upkeep='node ${cliPath}'
  upkeep list
  upkeep logs api -f
  upkeep reload api
  upkeep daemon stop && rm -r ${upkeep.folder}`)
}

function say(text) {
  console.log(`==> ${text}`)
}
