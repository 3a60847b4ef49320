#!/usr/bin/env node
// Writes the pages of docs/ that are made from tables in the code. Tests compare them.
import { readFileSync, writeFileSync } from 'node:fs'
import { renderCliReference } from '../dist/cli/reference.js'
import { renderConfigReference } from '../dist/config/reference.js'
import { renderInstanceTable } from '../dist/supervisor/instance/instance-machine.js'

write('reference/config.md', renderConfigReference())
write('reference/cli.md', await renderCliReference())
const states = read('internals/instance-states.md')
write(
  'internals/instance-states.md',
  states.replace(/```\n[^`]*```/, `\`\`\`\n${renderInstanceTable()}\`\`\``),
)

function read(page) {
  return readFileSync(new URL(`../docs/${page}`, import.meta.url), 'utf8')
}

function write(page, text) {
  writeFileSync(new URL(`../docs/${page}`, import.meta.url), text)
  console.log(`docs/${page}`)
}
