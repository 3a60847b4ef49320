import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { FAILURE_EXIT_STATUS } from '../../src/base/failure.ts'
import { packageRoot } from '../support/package-root.ts'

test('the page of errors lists every code with its exit status, and no other', () => {
  const page = readFileSync(join(packageRoot, 'docs/reference/errors.md'), 'utf8')

  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gm)]

  assert.deepEqual(
    Object.fromEntries(rows.map(([, code, status]) => [code, Number(status)])),
    FAILURE_EXIT_STATUS,
  )
})
