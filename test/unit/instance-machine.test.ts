import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { nextTransition, renderInstanceTable } from '../../src/supervisor/instance/instance-machine.ts'
import { packageRoot } from '../support/package-root.ts'

test('the documented table is the one that runs', () => {
  const page = readFileSync(join(packageRoot, 'docs/internals/instance-states.md'), 'utf8')

  const shown = /```\n(?<table>[^`]*)```/.exec(page)?.groups?.table

  assert.equal(shown, renderInstanceTable())
})

test('a worker that dies while its successor starts leaves the instance to the successor', () => {
  const { to, effects } = nextTransition('replacing', { type: 'exited', next: 'failed' })

  assert.deepEqual({ to, effects }, { to: 'starting', effects: ['inherit'] })
})

test('a successor that fails leaves the old worker in place', () => {
  const { to, effects } = nextTransition('replacing', { type: 'successor-failed' })

  assert.deepEqual({ to, effects }, { to: 'ready', effects: ['discard-successor'] })
})

test('what happens to an instance that is stopped changes nothing', () => {
  for (const type of ['ready', 'late', 'retry', 'successor-ready', 'successor-failed'] as const) {
    assert.deepEqual(nextTransition('stopped', { type }), { to: 'stopped', effects: [] }, type)
  }
})
