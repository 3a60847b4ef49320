// The flagship: requests flow all the time, from clients of every kind, while everything that can happen to an app
// happens. At the end each request has been answered, but those a killed worker had in hand.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Load, LoadKind, LoadReport } from '../support/load/load.ts'
import { load, NO_OUTCOMES } from '../support/load/load.ts'
import { kill } from '../support/processes.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { upkeep } from '../support/upkeep.ts'

const KINDS: readonly LoadKind[] = ['get', 'post', 'connection']
const CLIENTS_OF_EACH = 10
const ROUNDS = 2

test('constant load: reload, scale up and down, daemon killed, in a loop', async (t) => {
  const up = upkeep(t)
  const { port } = await running(up, 'http.mjs')
  const clients = await Promise.all(
    KINDS.map((kind) => load(t, { kind, port, clients: CLIENTS_OF_EACH, pauseMs: 15 })),
  )

  for (let round = 0; round < ROUNDS; round++) {
    await up.ok('reload', 'web')
    await flow(clients)
    await up.ok('scale', 'web', '+2')
    await flow(clients)
    await up.ok('scale', 'web', '2')
    await flow(clients)
    const workers = await up.pids('web')
    await up.replaceDaemon()
    await up.untilState('web', 'ready')
    assert.deepEqual(await up.pids('web'), workers)
    await flow(clients)
    await up.ok('reload', 'web')
    await flow(clients)
  }

  for (const { outcomes, failures } of await stopped(clients)) {
    assert.deepEqual(outcomes, { ...NO_OUTCOMES, ok: outcomes.ok }, JSON.stringify(failures, null, 1))
  }
})

test('constant load: workers crash; only what they had in hand is lost', async (t) => {
  const up = upkeep(t)
  const { port } = await running(up, 'http.mjs')
  const clients = await Promise.all(
    KINDS.map((kind) => load(t, { kind, port, clients: CLIENTS_OF_EACH, pauseMs: 15 })),
  )
  const victims: string[] = []

  for (let round = 0; round < ROUNDS; round++) {
    const [victim = 0] = await up.pids('web')
    victims.push(String(victim))
    kill(victim)
    await until(async () => !(await up.pids('web')).includes(victim))
    await up.untilState('web', 'ready')
    await flow(clients)
  }
  await up.ok('reload', 'web')
  await flow(clients)

  for (const { outcomes, failures } of await stopped(clients)) {
    const { ok, reset } = outcomes
    assert.deepEqual(outcomes, { ...NO_OUTCOMES, ok, reset }, JSON.stringify(failures, null, 1))
    // A client has one request in flight.
    assert.ok(reset <= CLIENTS_OF_EACH * ROUNDS, `${reset} resets`)
    const elsewhere = failures.filter(({ worker }) => worker !== null && !victims.includes(worker))
    assert.deepEqual(elsewhere, [])
  }
})

function flow(clients: readonly Load[]): Promise<unknown> {
  return Promise.all(clients.map((each) => each.answers(100)))
}

function stopped(clients: readonly Load[]): Promise<LoadReport[]> {
  return Promise.all(clients.map((each) => each.stop()))
}
