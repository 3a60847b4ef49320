import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderCliReference } from '../../src/cli/reference.ts'
import { packageRoot } from '../support/package-root.ts'

test('docs/reference/cli.md is what `npm run docs` makes of the commands', async () => {
  const page = readFileSync(join(packageRoot, 'docs/reference/cli.md'), 'utf8')

  assert.equal(page, await renderCliReference())
})
