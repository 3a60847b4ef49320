// The instruments before the measurements: they must see each kind of loss, and none where there is none.
import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { LineCensus } from '../support/kill-rounds/line-census.ts'
import type { LineCounts } from '../support/kill-rounds/line-counts.ts'
import { lineProblems } from '../support/kill-rounds/line-counts.ts'
import { Random } from '../support/kill-rounds/random.ts'
import { strangeWorkers } from '../support/kill-rounds/worker-census.ts'
import { temporaryFolder } from '../support/logs.ts'
import { running } from '../support/running-app.ts'
import { upkeep } from '../support/upkeep.ts'

const WORKER = '4711-abc'

for (const [what, numbers, found] of [
  ['whole', range(0, 100), {}],
  ['missing', [...range(0, 40), ...range(42, 100)], { gaps: 1 }],
  ['missing in several places', [...range(0, 40), ...range(42, 60), ...range(61, 100)], { gaps: 2 }],
  ['missing at the end', range(0, 90), { gaps: 1 }],
  ['twice', [...range(0, 40), ...range(38, 100)], { twice: 2 }],
  ['out of order', [...range(0, 40), 41, 40, ...range(42, 100)], { gaps: 1, outOfOrder: 1 }],
] as const) {
  test(`the census sees lines that are ${what}`, (t) => {
    const logs = logsIn(t)
    writeFileSync(logs.current, text(numbers))

    const { gaps, twice, outOfOrder, torn } = logs.counted(100)

    assert.deepEqual(
      { gaps: gaps.length, twice, outOfOrder, torn },
      { gaps: 0, twice: 0, outOfOrder: 0, torn: [], ...found },
    )
  })
}

test('the census sees lines that are torn', (t) => {
  const logs = logsIn(t)
  writeFileSync(logs.current, `${text(range(0, 40))}4711-abc 40 ..4711-abc\n${text(range(41, 100))}`)

  const { gaps, torn } = logs.counted(100)

  assert.deepEqual(torn, ['4711-abc 40 ..4711-abc'])
  assert.deepEqual(
    gaps.map(({ from, count }) => [from, count]),
    [[40, 1]],
  )
})

test('the census follows the lines through rotation and compression', (t) => {
  const logs = logsIn(t)
  writeFileSync(logs.current, text(range(0, 30)))
  logs.read()
  appendFileSync(logs.current, text(range(30, 40)))
  renameSync(logs.current, logs.rotated(1))
  const second = text(range(40, 80))
  for (const suffix of ['', '.gz'])
    writeFileSync(logs.rotated(2) + suffix, suffix ? gzipSync(second) : second)
  writeFileSync(logs.current, text(range(80, 90)).slice(0, -5))
  logs.read()
  writeFileSync(`${logs.rotated(1)}.gz`, '')
  rmSync(logs.rotated(1))
  appendFileSync(logs.current, text(range(89, 100)).slice(text([89]).length - 5))

  const { gaps, twice, torn } = logs.counted(100)

  assert.deepEqual({ gaps, twice, torn }, { gaps: [], twice: 0, torn: [] })
})

for (const [what, changes, isProblem] of [
  ['nothing', {}, false],
  ['a missing line', { gaps: [{ worker: WORKER, from: 0, count: 1, bytes: 10 }] }, true],
  ['a torn line', { torn: ['x'] }, true],
  ['lines twice', { twice: 1 }, true],
  ['lines out of order', { outOfOrder: 1 }, true],
] as const) {
  test(`after a kill, ${what} ${isProblem ? 'is a problem' : 'is no problem'}`, () => {
    const none: LineCounts = { written: 100, gaps: [], twice: 0, outOfOrder: 0, torn: [], undone: 0 }

    assert.equal(lineProblems({ ...none, ...changes }).length > 0, isProblem)
  })
}

test('a worker nobody knows is an orphan, and a double beside the one of its instance', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const [app] = await up.list()
  assert.ok(app !== undefined)
  const [instance] = app.instances
  assert.ok(instance !== undefined)
  const other = { ...app, instances: [{ ...instance, pid: process.pid }] }
  const draining = {
    ...app,
    instances: [{ ...instance, pid: process.pid, drainingPids: [instance.pid ?? 0] }],
  }

  assert.deepEqual(strangeWorkers(up.home, [app]), { orphans: [], doubles: [] })
  assert.deepEqual(strangeWorkers(up.home, [draining]), { orphans: [], doubles: [] })
  assert.deepEqual(strangeWorkers(up.home, []), { orphans: [`web.0, pid ${instance.pid}`], doubles: [] })
  assert.deepEqual(strangeWorkers(up.home, [other]), { orphans: [], doubles: [`web.0, pid ${instance.pid}`] })
})

test('the same seed draws the same', () => {
  const draw = (seed: number) => {
    const random = new Random(seed)
    return Array.from({ length: 20 }, () => random.between(0, 1))
  }

  assert.deepEqual(draw(7), draw(7))
  assert.notDeepEqual(draw(7), draw(8))
  assert.ok(draw(7).every((value) => value >= 0 && value < 1))
})

function logsIn(t: TestContext) {
  const folder = temporaryFolder(t)
  const counts = join(folder, 'counts')
  mkdirSync(counts)
  const census = new LineCensus(folder, counts)
  return {
    current: join(folder, '0.out.log'),
    rotated: (second: number) => join(folder, `0.out.20260131T12000${second}.000Z.log`),
    read: () => census.read(),
    counted(written: number): LineCounts {
      writeFileSync(join(counts, WORKER), String(written))
      census.read()
      census.giveUp(census.written())
      return census.counts
    },
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

function text(numbers: readonly number[]): string {
  return numbers.map((number) => `${WORKER} ${number} ${'.'.repeat(number % 80)} ${WORKER}\n`).join('')
}
