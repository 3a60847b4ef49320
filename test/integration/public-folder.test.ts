// What a daemon of root keeps outside its home, for workers that run as other users.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, statSync } from 'node:fs'
import { test } from 'node:test'
import { isRoot } from '../support/programs.ts'
import { running } from '../support/running-app.ts'
import { upkeep } from '../support/upkeep.ts'

test('the folder in /run stays as long as there are workers', async (t) => {
  if (!isRoot()) return t.skip('only a daemon of root has such a folder')
  const up = upkeep(t)
  chmodSync(up.folder, 0o755)
  // Other daemons leave the folder alone while such a worker has it in its environment.
  await running(up, 'http.mjs', { instances: 1, user: 'nobody', group: 'nogroup' })
  const folder = `/run/upkeep-${createHash('sha256').update(up.home).digest('hex').slice(0, 16)}`

  assert.equal(statSync(folder).mode & 0o777, 0o711)
  await up.ok('daemon', 'stop', '--keep-workers')
  assert.ok(existsSync(folder))
  await up.ok('daemon', 'start')
  await up.ok('daemon', 'stop')
  assert.ok(!existsSync(folder))
})
