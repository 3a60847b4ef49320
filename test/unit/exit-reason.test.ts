import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitReason } from '../../src/supervisor/worker/exit/exit-reason.ts'

for (const [code, signal, lines, expected] of [
  [0, null, [], 'Exit code 0 (it ended by itself)'],
  [3, null, [], 'Exit code 3'],
  [
    1,
    null,
    ['TypeError: x is not a function', '    at app.js:1:1'],
    'Exit code 1: TypeError: x is not a function',
  ],
  [1, null, ['Error: first', 'Error: second'], 'Exit code 1: Error: second'],
  [
    1,
    null,
    ['Error: Transform failed with 1 error:', '/srv/app.ts:3:7: ERROR: Expected ";"', ''],
    'Exit code 1: Error: Transform failed with 1 error: /srv/app.ts:3:7: ERROR: Expected ";"',
  ],
  [1, null, ['Error: nothing follows:'], 'Exit code 1: Error: nothing follows:'],
  [1, null, [`Error: ${'x'.repeat(500)}`], `Exit code 1: Error: ${'x'.repeat(292)}…`],
  [null, 'SIGTERM', [], 'Ended by SIGTERM (somebody asked it to stop)'],
  [null, null, [], 'Ended; an earlier daemon started it, so its status is unknown'],
] as const) {
  test(`${code ?? signal}, ${lines.length} lines: ${expected.slice(0, 60)}`, () => {
    assert.equal(exitReason(code, signal, lines), expected)
  })
}

test('a worker that ended when it was asked to did not end by itself', () => {
  assert.equal(exitReason(0, null, [], true), 'Exit code 0 (it was asked to stop)')
})

test('a worker that Upkeep killed is not told as one that somebody killed', () => {
  const reason = exitReason(null, 'SIGKILL', [], true)
  assert.equal(reason, 'Killed: it had been asked to stop and did not end in time')
})
