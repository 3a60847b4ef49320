// Past and new lines meet without a gap, whenever somebody begins to follow.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { followLogs } from '../../src/daemon/log-follow.ts'
import type { LogSpec } from '../../src/protocol/app-spec.ts'
import { WorkerOutput } from '../../src/supervisor/logs/worker-output.ts'
import { type LogsUnderTest, logsOf } from '../support/logs.ts'
import { testApp } from '../support/package-root.ts'
import { until } from '../support/until.ts'

const FOLLOWERS = 100

for (const [how, spec] of Object.entries({
  'one file': {},
  'rotated files': { maxSizeBytes: 20_000 },
  'JSON files': { format: 'json' },
} satisfies Record<string, Partial<LogSpec>>)) {
  test(`whoever follows sees every line once, from whatever moment: ${how}`, async (t) => {
    const underTest = logsOf(t, spec)
    const ended = written(underTest, ['log-split-writes.mjs', 'web', '1000'])
    const followers: Promise<string[]>[] = []

    while (followers.length < FOLLOWERS) {
      followers.push(linesUntil(ended, underTest))
      await sleep(Math.random() * 8)
    }

    const expected = Array.from(
      { length: 1000 },
      (_, line) => `web ${line} ${'.'.repeat(line % 50)} web ${line}`,
    )
    for (const lines of await Promise.all(followers)) assert.deepEqual(lines, expected)
  })
}

test('the last words of a worker that ended in the middle of a line are not waited for', async (t) => {
  const underTest = logsOf(t)
  const ended = written(underTest, ['log-unfinished.mjs', '0'])
  await ended

  assert.deepEqual(await linesUntil(ended, underTest), ['one', 'two, unfinished'])
})

test('who follows in the middle of the last line gets it when its worker ends', async (t) => {
  const underTest = logsOf(t)
  const ended = written(underTest, ['log-unfinished.mjs', '500'])
  await until(() => underTest.logs.isInLine(0, 'stdout'))

  assert.deepEqual(await linesUntil(ended, underTest), ['one', 'two, unfinished'])
})

test('who leaves in the middle leaves no file open', { skip: noProc() }, async (t) => {
  const underTest = logsOf(t)
  await written(underTest, ['log-split-writes.mjs', 'web', '1000'])
  const { directory, logs, feed } = underTest

  for await (const _ of followLogs(
    [{ app: 'web', directory, logs }],
    feed,
    { lines: 1000 },
    new AbortController().signal,
  ))
    break

  assert.deepEqual(openFilesBelow(directory), [])
})

function noProc(): string | false {
  return process.platform === 'linux' ? false : 'needs /proc'
}

function openFilesBelow(folder: string): string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => tryReadLink(`/proc/self/fd/${fd}`))
    .filter((path) => path.startsWith(folder))
}

/** The descriptor of the folder itself is gone by then. */
function tryReadLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

/** Resolves when the program of test/apps has ended and its output is in the files. */
async function written(
  { logs, runDirectory, fifoStock }: LogsUnderTest,
  [program = '', ...args]: readonly string[],
): Promise<void> {
  const output = await WorkerOutput.create({
    logs,
    runDirectory,
    fifoStock,
    owner: null,
    workerId: 'worker',
    instance: 0,
  })
  const child = spawn(process.execPath, [testApp(program), ...args], {
    stdio: ['ignore', output.stdoutFd, output.stderrFd],
  })
  output.spawned()
  await once(child, 'exit')
  await output.finish(10_000)
}

async function linesUntil(ended: Promise<void>, { directory, logs, feed }: LogsUnderTest): Promise<string[]> {
  const leaving = new AbortController()
  const { signal } = leaving
  const left = ended.then(() => leaving.abort())
  const query = { follow: true, lines: 100_000 }
  const lines: string[] = []
  for await (const { line } of followLogs([{ app: 'web', directory, logs }], feed, query, signal)) {
    lines.push(line)
  }
  await left
  return lines
}
