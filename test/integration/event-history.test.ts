// What happened to apps is known longer than a daemon lives.
import assert from 'node:assert/strict'
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SupervisorEvent } from '../../src/protocol/control.ts'
import { running } from '../support/running-app.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

async function history(up: Upkeep): Promise<readonly SupervisorEvent[]> {
  const { stdout } = await up.ok('events', '--json')
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as SupervisorEvent)
}

test('the next daemon tells what happened under one that was killed or upgraded, in order', async (t) => {
  const up = upkeep(t)
  assert.match((await up.ok('daemon', 'start')).stdout, /runs with pid/)
  assert.equal((await up.ok('events')).stderr, 'Nothing has happened to any app yet.\n')
  await running(up, 'http.mjs', { instances: 1 })
  const first = await history(up)
  assert.deepEqual(
    first.map(({ event }) => event),
    ['instance.starting', 'instance.ready'],
  )

  await up.replaceDaemon()
  assert.deepEqual((await history(up)).slice(0, 2), first)
  await up.ok('upgrade')
  await up.ok('stop', 'web')

  const all = await history(up)
  assert.deepEqual(all.slice(0, 2), first)
  assert.equal(all.at(-1)?.event, 'instance.stopped')
  assert.deepEqual(
    all.map(({ time }) => time),
    all.map(({ time }) => time).sort(),
  )
  assert.equal(statSync(join(up.home, 'events.jsonl')).mode & 0o777, 0o600)
})

test('a line that was cut, and what is none, cost no other', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const before = await history(up)
  await up.killDaemon()
  appendFileSync(
    join(up.home, 'events.jsonl'),
    'null\n{"event":1}\n{"time":"2026-01-01T00:00:00.000Z","event":"inst',
  )

  await up.ok('daemon', 'start')
  await up.ok('stop', 'web')

  const after = await history(up)
  assert.deepEqual(after.slice(0, before.length), before)
  assert.deepEqual(
    after.slice(-2).map(({ event }) => event),
    ['instance.stopping', 'instance.stopped'],
  )
  await up.replaceDaemon()
  assert.deepEqual((await history(up)).slice(0, after.length), after)
})

test('the file is bounded, and what is told is the last of both', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  await up.killDaemon()
  const path = join(up.home, 'events.jsonl')
  const event = { time: '2026-01-01T00:00:00.000Z', event: 'instance.ready', app: 'old', instance: 0 }
  const lines = Array.from(
    { length: 3000 },
    (_, number) => `${JSON.stringify({ ...event, text: `${number}` })}\n`,
  )
  writeFileSync(path, lines.join(''))

  await up.ok('daemon', 'start')
  await running(up, 'http.mjs', { instances: 1 })

  assert.equal(readFileSync(`${path}.1`, 'utf8'), lines.join(''))
  assert.ok(statSync(path).size < 10_000)
  await up.replaceDaemon()
  const all = await history(up)
  assert.equal(all.length, 200)
  assert.equal(all[0]?.text, `${3000 - (200 - all.filter(({ app }) => app === 'web').length)}`)
  assert.equal(all.at(-1)?.app, 'web')
})
