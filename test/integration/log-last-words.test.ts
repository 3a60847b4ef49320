// Node forgets what did not fit into a pipe when an app exits; the agent writes it out.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { allText } from '../support/logs.ts'
import { isAlive } from '../support/processes.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { type Upkeep, upkeep } from '../support/upkeep.ts'

/** Runs a program of test/apps that ends by itself, and returns when all its instances have ended. */
async function ended(
  t: TestContext,
  program: string,
  args: readonly string[],
  instances = 1,
): Promise<Upkeep> {
  const up = upkeep(t)
  await running(up, program, { args, instances, ready: 'started', restart: { maxRestarts: 0 } })
  await until(async () => (await up.instances('web')).every(({ lastExit }) => lastExit !== null))
  return up
}

function logOf(up: Upkeep, series: string): string {
  return allText(join(up.home, 'logs'), series)
}

function numbered(count: number, before = ''): string {
  return Array.from({ length: count }, (_, line) => `${before}line ${line} ${'x'.repeat(line % 100)}\n`).join(
    '',
  )
}

for (const then of ['exit', 'throw']) {
  test(`3,000 lines on stderr before ${then} are all there, ten times`, async (t) => {
    const up = await ended(t, 'log-lines.mjs', ['3000', '0', 'stderr', then], 10)

    const instances = await up.instances('web')
    assert.equal(instances.length, 10)
    for (const { instance, lastExit } of instances) {
      const text = logOf(up, `${instance}.err`)
      const lastLines = lastExit?.lastLines ?? []
      assert.ok(text.startsWith(numbered(3000)), `instance ${instance}: ${text.split('\n').length} lines`)
      if (then === 'throw') assert.match(lastLines.join('\n'), /Error: thrown at the end\n +at /)
      else assert.match(lastLines.at(-1) ?? '', /^line 2999 /)
    }
  })
}

test('what an app says in its exit listeners comes after all the rest', async (t) => {
  const up = await ended(t, 'log-last-words.mjs', ['listener'])

  assert.equal(logOf(up, '0.out'), `${numbered(20_000)}said at exit\nsaid later at exit\n`)
})

test('an app that replaced process.stdout.write sees everything to the end', async (t) => {
  const up = await ended(t, 'log-last-words.mjs', ['replaced'])

  assert.equal(logOf(up, '0.out'), `${numbered(20_000, 'my ')}my said at exit\n`)
})

test('an app that exits in the callback of a write has written all', async (t) => {
  const up = await ended(t, 'log-last-words.mjs', ['callback'])

  assert.equal(logOf(up, '0.out'), numbered(20_000) + numbered(20_000))
})

test('what an app corked is written too', async (t) => {
  const up = await ended(t, 'log-last-words.mjs', ['corked'])

  assert.equal(logOf(up, '0.out'), numbered(20_000))
})

test('an app that emits exit itself and lives on says everything once', async (t) => {
  const up = await ended(t, 'log-last-words.mjs', ['emits'])

  assert.equal(logOf(up, '0.out'), numbered(20_000) + numbered(20_000))
})

test('a thread that calls process.exit() has said everything', async (t) => {
  const up = await ended(t, 'log-last-words.mjs', ['thread'])

  assert.equal(logOf(up, '0.out'), Array.from({ length: 20_000 }, (_, line) => `line ${line}\n`).join(''))
})

test('a worker of node:cluster that crashes has said everything', async (t) => {
  const up = await ended(t, 'log-last-words.mjs', ['cluster'])

  const text = logOf(up, '0.err')
  assert.ok(text.startsWith(numbered(20_000)))
  assert.match(text, /Error: thrown at the end\n +at /)
})

for (const how of ['unread', 'unreadTrace']) {
  test(`an app whose output nobody reads ends all the same: ${how}`, async (t) => {
    const up = upkeep(t)
    await running(up, 'log-last-words.mjs', { args: [how], instances: 1, ready: 'started' })
    const [pid = 0] = await up.pids('web')

    await up.killDaemon()

    await until(() => !isAlive(pid), { within: '20s' })
  })
}
