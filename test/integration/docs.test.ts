// Holds README.md and docs/ to the truth. Commands in blocks must be known, configs must be valid, links must lead
// somewhere; a page that says it is a walk-through is walked through, in a fresh folder, with a daemon of its own.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { findCommand } from '../../src/cli/command-list.ts'
import { parseOptions } from '../../src/cli/parse-options.ts'
import { splitArguments } from '../../src/cli/split-arguments.ts'
import { Output } from '../../src/cli/terminal/output.ts'
import { envProblem } from '../../src/config/resolve/env-file.ts'
import { Paper } from '../support/command-line.ts'
import {
  type Block,
  isAsShown,
  type Page,
  readPages,
  type Step,
  stepsOf,
  upkeepCalls,
} from '../support/doc-blocks.ts'
import { freePort } from '../support/free-port.ts'
import { packageRoot } from '../support/package-root.ts'
import { until } from '../support/until.ts'
import { type Upkeep, upkeep } from '../support/upkeep.ts'

const pages = readPages()
const blocks = pages.flatMap((page) => page.blocks)
const walkThroughs = pages.filter(({ text }) => text.includes('<!-- walk-through:'))

test('every command in the docs is one, with options that it knows', async () => {
  const calls = blocks.flatMap((block) =>
    stepsOf(block).flatMap(({ command }) =>
      upkeepCalls(command).map((words) => ({ place: block.place, words })),
    ),
  )

  assert.ok(calls.length > 50, `only ${calls.length} calls were found`)
  for (const { place, words } of calls)
    await assert.doesNotReject(parsed(words), `${place}: upkeep ${words.join(' ')}`)
})

async function parsed(words: readonly string[]): Promise<void> {
  const { name, ...rest } = splitArguments(words)
  const entry = findCommand(name)
  parseOptions(entry, await entry.load(), rest, new Output(new Paper(), new Paper(), {}))
}

test('every config in the docs is valid', async (t) => {
  const configs = blocks.filter(isConfig)

  assert.ok(configs.length >= 6, `only ${configs.length} configs were found`)
  for (const block of configs) {
    const up = upkeep(t)
    for (const path of pathsIn(block.text)) up.write(path, '')
    const file = up.write(block.file ?? `upkeep.config.${block.language}`, block.text)
    const { status, stderr } = await up.run('config', file)
    assert.equal(status, 0, `${block.place}\n${stderr}`)
  }
})

function isConfig({ language, file, text }: Block): boolean {
  if (/^(?:json|ya?ml)$/.test(language)) return true
  return (
    /^(?:ts|[mc]?js)$/.test(language) && (file?.startsWith('upkeep.config') ?? text.includes('defineConfig('))
  )
}

test('every env file in the docs is read as it looks', () => {
  const files = blocks.filter(({ file }) => file?.endsWith('.env'))

  assert.ok(files.length >= 2)
  for (const { place, text } of files) assert.equal(envProblem(text), undefined, place)
})

/** The files that a config asks for. */
function pathsIn(config: string): string[] {
  return [...config.matchAll(/(?:script|envFile): (.*)/g)].flatMap(([, value = '']) =>
    [...value.matchAll(/[\w/.-]*\.[\w.]+/g)].map(([path]) => path),
  )
}

test('every link of the docs leads to a file', () => {
  for (const { path, text } of pages) {
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g))
      assert.ok(existsSync(join(packageRoot, dirname(path), target)), `${path}: ${target}`)
  }
})

test('the first page is a walk-through', () => {
  assert.deepEqual(
    walkThroughs.map(({ path }) => path),
    ['docs/guide/getting-started.md'],
  )
})

for (const page of walkThroughs) {
  test(`${page.path} is true from its first block to its last`, async (t) => {
    const up = upkeep(t)
    const port = String(await freePort())
    // A page that is read in order is also held to what its reader has typed so far.
    for (const block of onPort(page, port)) {
      if (block.file !== undefined) up.write(block.file, block.text)
      for (const step of stepsOf(block)) await walk(t, up, block, step)
    }
  })
}

/** The blocks with a free port for the one that the page uses. */
function onPort(page: Page, port: string): Block[] {
  return page.blocks.map((block) => ({ ...block, text: block.text.replaceAll(/\b3000\b/g, port) }))
}

async function walk(t: TestContext, up: Upkeep, block: Block, { command, shown }: Step): Promise<void> {
  t.diagnostic(command)
  const fails = shown?.startsWith('upkeep: ') ?? false
  // What only looks may look again until the output of a worker has arrived.
  const within = /^(?:curl|upkeep (?:list|show|logs|events))\b/.test(command) ? '10s' : '0s'
  await until(
    async () => {
      const { status, output } = await shell(up, command)
      assert.equal(status !== 0, fails, `${block.place}: ${command}\n${output}${up.report()}`)
      assert.ok(shown === undefined || isAsShown(output, shown), `${block.place}: ${command}\n${output}`)
      return true
    },
    { within },
  )
}

/** As in a terminal: stdout and stderr together. */
function shell(
  up: Upkeep,
  command: string,
): Promise<{ readonly status: number | null; readonly output: string }> {
  const child = spawn('sh', ['-c', `exec 2>&1\n${command}`], {
    cwd: up.folder,
    env: { ...up.env, PATH: `${join(packageRoot, 'bin')}:${up.env.PATH}` },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, output }))
  })
}
