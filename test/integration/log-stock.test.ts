import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { FifoStock } from '../../src/supervisor/logs/pipe/fifo-stock.ts'
import { temporaryFolder } from '../support/logs.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { processesWith } from '../support/processes.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { upkeep } from '../support/upkeep.ts'

function stockOf(t: TestContext) {
  const directory = join(temporaryFolder(t), 'run')
  mkdirSync(directory)
  const clock = new ManualClock()
  const stock = new FifoStock(directory, clock)
  t.after(() => stock.close())
  const make = (worker: string) =>
    stock.make([join(directory, `${worker}.out`), join(directory, `${worker}.err`)])
  const names = () => readdirSync(directory).sort()
  const inodeOf = (name: string) => statSync(join(directory, name)).ino
  return { directory, clock, stock, make, names, inodeOf }
}

test('the next worker takes the pair that was made ahead, and one after it has its own', async (t) => {
  const { directory, clock, stock, make, names, inodeOf } = stockOf(t)
  await make('first')
  assert.deepEqual(names(), ['first.err', 'first.out'])
  clock.advance(1_000)
  await until(() => stock.isFull)
  const ahead = [inodeOf('next.out'), inodeOf('next.err')]

  await Promise.all([make('second'), make('third')])

  assert.deepEqual([inodeOf('second.out'), inodeOf('second.err')], ahead)
  assert.deepEqual(names(), ['first.err', 'first.out', 'second.err', 'second.out', 'third.err', 'third.out'])
  for (const name of names()) {
    const { mode } = statSync(join(directory, name))
    assert.equal(mode.toString(8), '10600', name)
  }
})

test('a stock that somebody removed is no stock', async (t) => {
  const { directory, clock, stock, make, names } = stockOf(t)
  await make('first')
  clock.advance(1_000)
  await until(() => stock.isFull)
  rmSync(join(directory, 'next.err'))

  await make('second')

  assert.deepEqual(names(), ['first.err', 'first.out', 'second.err', 'second.out'])
})

test('what goes wrong ahead is silent; the next worker tells', async (t) => {
  const { directory, clock, stock, make } = stockOf(t)
  await make('first')
  rmSync(directory, { recursive: true })

  clock.advance(1_000)

  await assert.rejects(make('second'), { code: 'SPAWN_FAILED', message: /^Cannot make the log pipes: / })
  await stock.close()
})

test('a stock that is closed while it is made leaves nothing', async (t) => {
  const { directory, clock, stock, make, names } = stockOf(t)
  await make('first')
  clock.advance(1_000)

  await stock.close()

  await until(() => processesWith(directory).length === 0)
  assert.deepEqual(names(), ['first.err', 'first.out'])
})

test('a daemon makes a pair ahead, and none is there when it has left', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const names = () => readdirSync(join(up.home, 'run'))
  await until(() => names().includes('next.err'))

  await up.ok('daemon', 'stop', '--keep-workers')

  assert.deepEqual(
    names().filter((name) => !name.startsWith('web.')),
    [],
  )
  await up.ok('daemon', 'start')
})
