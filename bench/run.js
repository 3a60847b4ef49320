#!/usr/bin/env node
// Measures Upkeep side by side with pm2, node:cluster and bare node. bench/README.md says what and how.
import { writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { agent } from './rows/agent.js'
import { daemonKill } from './rows/daemon-kill.js'
import { flagship } from './rows/flagship.js'
import { killRounds } from './rows/kill-rounds.js'
import { list } from './rows/list.js'
import { logLoss } from './rows/log-loss.js'
import { logRate } from './rows/log-rate.js'
import { memory } from './rows/memory.js'
import { recovery } from './rows/recovery.js'
import { reload } from './rows/reload.js'
import { soak } from './rows/soak.js'
import { throughput } from './rows/throughput.js'
import { workerKill } from './rows/worker-kill.js'
import { root } from './support/built.js'
import { readCommandLine } from './support/command-line.js'
import { versions } from './support/machine.js'
import { document, summary, tableOf } from './support/report.js'
import { Scope } from './support/scope.js'

const ROWS = [
  reload,
  workerKill,
  daemonKill,
  flagship,
  throughput,
  recovery,
  list,
  memory,
  logRate,
  logLoss,
  agent,
  killRounds,
  soak,
]
/** Load average above which somebody else is at work. */
const BUSY = 1

const { rows, options, answer } = readCommandLine(process.argv.slice(2), ROWS)
if (answer !== undefined) {
  if (answer.status === 0) console.log(answer.text)
  else console.error(answer.text)
  process.exit(answer.status)
}

let scope = new Scope()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, async () => {
    console.error('cleaning up')
    await scope.close()
    process.exit(130)
  })
}

const facts = versions()
if (loadavg()[0] > BUSY)
  console.error(`The machine is busy (load ${loadavg()[0].toFixed(1)}): times and rates mean little.`)
const startedMs = performance.now()
const groups = []
for (const row of rows) groups.push(await measured(row))
const seconds = (performance.now() - startedMs) / 1000

console.log(`\n${groups.map((group) => `${group.title}\n\n${tableOf(group)}\n`).join('\n')}`)
console.log(`${summary(groups)} in ${Math.round(seconds)} s`)
const isWhole = options.isWhole && !options.quick
if (isWhole || options.write) {
  const command = ['node bench/run.js', ...process.argv.slice(2)].join(' ')
  const text = document(groups, { command, versions: facts, at: new Date(), seconds })
  writeFileSync(join(root, 'bench', 'results.md'), text)
  console.log('written to bench/results.md')
}
process.exitCode = groups.every(({ results }) => results.every(({ isMet, skipped }) => isMet || skipped))
  ? 0
  : 1

async function measured({ name, title, run }) {
  console.log(`==> ${name}: ${title}`)
  const startedMs = performance.now()
  scope = new Scope()
  const say = (text) => console.log(`    ${text}`)
  let results
  try {
    results = await run({ scope, say, ...options })
  } catch (error) {
    console.error(error)
    results = [{ what: title, error: firstLine(error) }]
  } finally {
    await scope.close()
  }
  return { name, title, results, seconds: (performance.now() - startedMs) / 1000 }
}

function firstLine(error) {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]
}
