// A reader of logs that is killed: at every change it makes to a file, and at random.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test as nodeTest, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { allText, namesIn, temporaryFolder } from '../support/logs.ts'
import { testApp } from '../support/package-root.ts'
import { kill } from '../support/processes.ts'
import { programOrSkip } from '../support/programs.ts'
import { until } from '../support/until.ts'

interface Reader {
  readonly child: ChildProcess
  readonly said: string
}

/** What every reader of a test has in its environment. */
type Settings = Readonly<Record<string, string>>

function test(name: string, run: (t: TestContext) => Promise<void>): void {
  nodeTest(name, { timeout: 180_000 }, run)
}

async function reader(
  t: TestContext,
  directory: string,
  args: readonly string[],
  settings: Settings,
): Promise<Reader> {
  const url = new URL('../../src/', import.meta.url).href
  const child = spawn(process.execPath, [testApp('log-daemon.mjs'), url, directory, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...settings },
  })
  t.after(() => child.kill('SIGKILL'))
  const said = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  return { child, said: String(said) }
}

/** Starts a worker that writes numbered lines, calls `rounds` with a way to its next reader, and returns its lines. */
async function linesAfter(
  t: TestContext,
  settings: Settings,
  rounds: (next: (killAt: string) => Promise<ChildProcess>, directory: string) => Promise<void>,
): Promise<string[]> {
  const directory = temporaryFolder(t)
  const writer = [testApp('log-lines.mjs'), '10000000', '4000']
  const first = await reader(t, directory, ['create', ...writer], settings)
  const workerPid = Number(/reading (\d+)/.exec(first.said)?.[1])
  t.after(() => kill(workerPid))
  await until(() => allText(directory, '0.out').length > 0)
  let last = first.child
  await rounds(async (killAt) => {
    last.kill('SIGKILL')
    last = (await reader(t, directory, ['adopt'], { ...settings, KILL_AT: killAt })).child
    return last
  }, directory)
  last.kill('SIGKILL')
  const final = await reader(t, directory, ['adopt'], settings)
  kill(workerPid, 'SIGTERM')
  await once(final.child, 'exit')
  assert.deepEqual(readdirSync(join(directory, 'run')), [])
  assert.ok(namesIn(directory).some((name) => /^0\.out\.2.*\.log/.test(name)))
  return allText(directory, '0.out').split('\n').slice(0, -1)
}

/** Every line once, in order. The last one may be cut off by the end of the worker. */
function assertComplete(lines: readonly string[], count = lines.length): void {
  const at = lines.findIndex((line, index) => line !== numberedLine(index))
  assert.ok(at === -1 || at === lines.length - 1, `line ${at} is "${lines[at]}"`)
  assert.equal(lines.length, count)
}

function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `${numberedLine(index)}\n`).join('')
}

function numberedLine(index: number): string {
  return `line ${index} ${'x'.repeat(index % 100)}`
}

function folderWithMkfifo(t: TestContext): string {
  const folder = temporaryFolder(t)
  const path = programOrSkip(t, 'mkfifo')
  if (path !== undefined) symlinkSync(path, join(folder, 'mkfifo'))
  return folder
}

async function ended({ child }: { readonly child: ChildProcess }): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

for (const [format, read] of [
  ['plain', (line: string) => line],
  ['json', (line: string) => JSON.parse(line).message],
] as const) {
  for (const when of ['before', 'amid', 'after']) {
    test(`killed ${when} each change of a file, format ${format}, every line is there once`, async (t) => {
      const lines = await linesAfter(t, { FORMAT: format, MAX_SIZE: '20000' }, async (next) => {
        for (let change = 1; change <= 24; change++) await ended({ child: await next(`${change}:${when}`) })
      })
      assertComplete(lines.map(read))
    })
  }
}

for (const when of ['before', 'amid', 'after']) {
  test(`killed ${when} each change while it takes last words, every line is there once`, async (t) => {
    for (let change = 1, isKilled = true; isKilled; change++) {
      const directory = temporaryFolder(t)
      const run = join(directory, 'run')
      mkdirSync(run)
      assert.equal(spawnSync('mkfifo', [join(run, 'worker.out'), join(run, 'worker.err')]).status, 0)
      writeFileSync(join(run, 'worker.out.rest'), numbered(2000))
      const settings = { MAX_SIZE: '50000', KILL_AT: `${change}:${when}` }
      const killed = await reader(t, directory, ['adopt'], settings)
      await ended(killed)
      isKilled = killed.child.signalCode !== null
      if (isKilled) await ended(await reader(t, directory, ['adopt'], { MAX_SIZE: '50000' }))
      assertComplete(allText(directory, '0.out').split('\n').slice(0, -1), 2000)
      assert.deepEqual(readdirSync(run), [])
    }
  })
}

for (const [where, hasPerl] of [
  ['', true],
  [', where there is no perl', false],
] as const) {
  test(`killed in the middle of a line, it is there once, format json${where}`, async (t) => {
    const directory = temporaryFolder(t)
    const settings = { FORMAT: 'json', ...(hasPerl ? {} : { PATH: folderWithMkfifo(t) }) }
    const first = await reader(t, directory, ['create', testApp('log-two-halves.mjs')], settings)
    const workerPid = Number(/reading (\d+)/.exec(first.said)?.[1])
    t.after(() => kill(workerPid))
    await until(() => readFileSync(join(directory, 'run', 'worker.out.spool')).includes('one '))
    first.child.kill('SIGKILL')

    const final = await reader(t, directory, ['adopt'], settings)
    kill(workerPid, 'SIGTERM')
    await ended(final)

    assert.equal(JSON.parse(allText(directory, '0.out')).message, 'one line')
  })
}

test('killed before the end of a line, which is the last of format plain, the line is not torn', async (t) => {
  const directory = temporaryFolder(t)
  const worker = ['create', testApp('log-two-halves.mjs'), 'one more line\n']
  const first = await reader(t, directory, worker, { FORMAT: 'plain' })
  const workerPid = Number(/reading (\d+)/.exec(first.said)?.[1])
  t.after(() => kill(workerPid))
  await until(() => allText(directory, '0.out') === 'one ')
  first.child.kill('SIGKILL')

  const final = await reader(t, directory, ['adopt'], { FORMAT: 'json' })
  kill(workerPid, 'SIGTERM')
  await ended(final)

  const [line, next = ''] = allText(directory, '0.out').split('\n')
  assert.equal(line, 'one line')
  assert.equal(JSON.parse(next).message, 'one more line')
})

test('killed sixty times at random, every line is there once', async (t) => {
  const lines = await linesAfter(t, { MAX_SIZE: '300000' }, async (next) => {
    for (let round = 0; round < 60; round++) {
      await next('')
      await sleep(Math.random() * 60)
    }
  })
  assertComplete(lines)
})
