import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseConfig } from '../../src/config/parse-config.ts'
import { renderConfigReference } from '../../src/config/reference.ts'
import { packageRoot } from '../support/package-root.ts'

test('the reference page is what the schema says', () => {
  const page = readFileSync(join(packageRoot, 'docs/reference/config.md'), 'utf8')

  assert.equal(page, renderConfigReference(), 'run "npm run docs"')
})

test('every key of the reference page has a rule and a sentence', () => {
  const rows = renderConfigReference()
    .split('\n')
    .filter((line) => line.startsWith('| `'))

  assert.ok(rows.length > 40)
  for (const row of rows) assert.match(row, /^\| `\w+` \| \S.+ \| .* \| \S.+\. \|$/, row)
})

test('the example of the reference page is a config', () => {
  const example = /export default defineConfig\((.*?)\)\n```/s.exec(renderConfigReference())?.[1]
  const config: unknown = new Function(`return ${example}`)()

  const [parsed] = parseConfig(config, { file: '/x', environment: 'staging' })
  assert.equal(parsed?.app.instances, 1)
})
