import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogEntry } from '../../src/protocol/control.ts'
import { LogFeed } from '../../src/supervisor/logs/log-feed.ts'

test('a follower gets the lines it asked for', async () => {
  const feed = new LogFeed()
  const lines = feed.subscribe({ apps: ['web'], instance: 1, stream: 'stderr' })

  feed.publish(entry('other app', { app: 'api' }))
  feed.publish(entry('other instance', { instance: 0 }))
  feed.publish(entry('other stream', { stream: 'stdout' }))
  feed.publish(entry('this one'))
  lines.close()

  assert.deepEqual(await collect(lines), ['this one'])
})

test('only what somebody follows is watched', () => {
  const feed = new LogFeed()
  assert.equal(feed.isWatched(entry('')), false)

  const lines = feed.subscribe({ apps: ['web'] })
  assert.equal(feed.isWatched(entry('')), true)
  assert.equal(feed.isWatched(entry('', { app: 'api' })), false)

  lines.close()
  assert.equal(feed.isWatched(entry('')), false)
})

test('an abort ends the iteration', async () => {
  const feed = new LogFeed()
  const leaving = new AbortController()
  const reading = collect(feed.subscribe({}, leaving.signal))

  feed.publish(entry('one'))
  await new Promise((resolve) => setImmediate(resolve))
  leaving.abort()

  assert.deepEqual(await reading, ['one'])
  assert.equal(feed.isWatched(entry('')), false)
})

test('who is aborted before it begins gets nothing', async () => {
  assert.deepEqual(await collect(new LogFeed().subscribe({}, AbortSignal.abort())), [])
})

test('leaving the loop ends the subscription', async () => {
  const feed = new LogFeed()
  const lines = feed.subscribe()
  feed.publish(entry('one'))

  for await (const { line } of lines) {
    assert.equal(line, 'one')
    break
  }

  assert.equal(feed.isWatched(entry('')), false)
})

test('who reads too slowly is told how many lines were skipped', async () => {
  const feed = new LogFeed()
  const lines = feed.subscribe()
  const sent = 10_000

  for (let line = 0; line < sent; line++) feed.publish(entry(`line ${line} ${'x'.repeat(1000)}`))
  lines.close()
  const got = await collect(lines)

  const skipped = Number(/(\d+) lines skipped/.exec(got.at(-1) ?? '')?.[1])
  assert.equal(got.length - 1 + skipped, sent)
  assert.ok(got.length < 1000)
})

function entry(line: string, other: Partial<LogEntry> = {}): LogEntry {
  return { time: '2026-01-01T00:00:00.000Z', app: 'web', instance: 1, stream: 'stderr', line, ...other }
}

async function collect(entries: AsyncIterable<LogEntry>): Promise<string[]> {
  const lines: string[] = []
  for await (const { line } of entries) lines.push(line)
  return lines
}
