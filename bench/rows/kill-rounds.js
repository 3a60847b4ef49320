// SIGKILL for the daemon in the middle of everything it does, again and again; the engine is the one of the tests.
import { allLines, KillRounds, lost, newSeed } from '../support/built.js'
import { showLosses, sum } from '../support/losses.js'
import { number } from '../support/samples.js'

const CLIENTS = 10
const TELL_EVERY = 10

export const killRounds = {
  name: 'kill-rounds',
  title:
    'What is lost when the daemon gets SIGKILL in the middle of something and the next command brings back one',
  isOnlyWhenNamed: true,
  async run({ scope, quick, say, seed = newSeed() }) {
    const count = quick ? 20 : 200
    const rounds = scope.own(new KillRounds({ seed, clients: CLIENTS }))
    say(`${count} rounds, --seed ${seed}, Node ${process.versions.node}`)
    await rounds.start()
    const reports = []
    for (let round = 0; round < count; round++) {
      const report = await rounds.round(round)
      reports.push(report)
      for (const problem of report.problems)
        say(`round ${round}, ${report.kind}, then ${report.next}: ${problem}`)
      if (reports.length % TELL_EVERY === 0) say(`${reports.length} rounds: ${shown(reports)}`)
    }
    const problems = await rounds.end()
    for (const problem of problems) say(problem)
    return [...byKind(reports), ...inAll(reports, problems, seed)]
  },
}

function byKind(reports) {
  const kinds = [...new Set(reports.map(({ kind }) => kind))].sort()
  return kinds.map((kind) => {
    const those = reports.filter((report) => report.kind === kind)
    const requests = sum(those.map(({ outcomes }) => outcomes))
    return {
      what: `requests lost in ${those.length} kills: ${kind}`,
      cells: { Upkeep: showLosses(requests) },
      bar: '0 lost',
      isMet: lost(requests) === 0,
    }
  })
}

function inAll(reports, problems, seed) {
  const { written, gaps, twice, outOfOrder, torn, undone } = allLines(reports.map(({ lines }) => lines))
  const missing = missingIn(gaps)
  const orphans = reports.flatMap(({ workers }) => workers.orphans).length
  const doubles = reports.flatMap(({ workers }) => workers.doubles).length
  const bad = reports.filter((report) => report.problems.length > 0).length + (problems.length > 0 ? 1 : 0)
  const of = (test) => reports.filter(test).length
  return [
    {
      what: 'log lines twice, out of order, torn',
      cells: { Upkeep: `${twice}, ${outOfOrder}, ${torn.length} of ${number(written)}` },
      bar: 'none',
      isMet: twice + outOfOrder + torn.length === 0,
    },
    {
      what: 'log lines missing',
      cells: { Upkeep: `${missing} of ${number(written)}; ${undone} of undone starts` },
      bar: 'none',
      isMet: missing === 0,
    },
    {
      what: 'orphans, double workers',
      cells: { Upkeep: `${orphans}, ${doubles}` },
      bar: 'none',
      isMet: orphans + doubles === 0,
    },
    {
      what: `rounds with a problem, seed ${seed}; ${of(({ isReloadOfAdopted }) => isReloadOfAdopted)} with a reload of an adopted app, ${of(({ isStateUnfinished }) => isStateUnfinished)} with a kill in the middle of a state write`,
      cells: { Upkeep: `${bad} of ${reports.length}` },
      bar: 'none',
      isMet: bad === 0,
    },
  ]
}

function shown(reports) {
  const { written, gaps } = allLines(reports.map(({ lines }) => lines))
  const requests = showLosses(sum(reports.map(({ outcomes }) => outcomes)))
  return `requests lost: ${requests}; lines lost: ${missingIn(gaps)} of ${number(written)}`
}

function missingIn(gaps) {
  return gaps.reduce((total, gap) => total + gap.count, 0)
}
