import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppSpec } from '../../src/protocol/app-spec.ts'
import type { ObservedExit } from '../../src/supervisor/instance/restart-policy.ts'
import { decideRestart } from '../../src/supervisor/instance/restart-policy.ts'

const policy: AppSpec['restart'] = {
  policy: 'always',
  maxRestarts: null,
  minUptimeMs: 10_000,
  backoffMs: 100,
  maxBackoffMs: 30_000,
}
const crash: ObservedExit = { code: 1, signal: null, readyForMs: 50 }
const middle = () => 0.5

test('the first crash is answered at once, the next ones later and later, up to the bound', () => {
  const delays = [0, 1, 2, 3, 8, 9, 10, 5000].map(
    (before) => decideRestart(crash, before, policy, middle).delayMs,
  )

  assert.deepEqual(delays, [0, 100, 200, 400, 12_800, 25_600, 30_000, 30_000])
})

test('delays have a jitter of a fifth to both sides', () => {
  assert.equal(decideRestart(crash, 1, policy, () => 0).delayMs, 80)
  assert.equal(decideRestart(crash, 1, policy, () => 1).delayMs, 120)
})

test('a worker that was ready for long enough starts the count again', () => {
  const { crashes, delayMs } = decideRestart({ ...crash, readyForMs: 10_000 }, 7, policy, middle)

  assert.deepEqual({ crashes, delayMs }, { crashes: 1, delayMs: 0 })
})

const rows: [string, Partial<AppSpec['restart']>, ObservedExit, number, string][] = [
  ['always restarts after success', {}, { ...crash, code: 0 }, 0, 'retry'],
  ['always restarts after a signal', {}, { ...crash, code: null, signal: 'SIGKILL' }, 0, 'retry'],
  ['exit code 78 is not tried again', {}, { ...crash, code: 78 }, 0, 'failed'],
  ['on-failure ends with success', { policy: 'on-failure' }, { ...crash, code: 0 }, 0, 'finished'],
  ['on-failure restarts after an error', { policy: 'on-failure' }, crash, 0, 'retry'],
  ['never ends with success', { policy: 'never' }, { ...crash, code: 0 }, 0, 'finished'],
  ['never fails with an error', { policy: 'never' }, crash, 0, 'failed'],
  ['maxRestarts is kept', { maxRestarts: 2 }, crash, 1, 'retry'],
  ['maxRestarts ends it', { maxRestarts: 2 }, crash, 2, 'failed'],
  ['an exit that nobody saw is tried again', {}, { ...crash, code: null }, 0, 'retry'],
]

for (const [name, change, exit, before, next] of rows) {
  test(name, () => {
    assert.equal(decideRestart(exit, before, { ...policy, ...change }, middle).next, next)
  })
}
