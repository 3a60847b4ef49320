import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { test } from 'node:test'
import { packageRoot } from '../support/package-root.ts'

/** Who may import whom. `types`: only with `import type`. */
const ALLOWED: Readonly<Record<string, Readonly<Record<string, 'all' | 'types' | 'one file'>>>> = {
  base: {},
  protocol: { base: 'all' },
  config: { base: 'all', protocol: 'all' },
  client: { base: 'all', protocol: 'all' },
  agent: { base: 'all', protocol: 'all' },
  supervisor: { base: 'all', protocol: 'all', config: 'types' },
  export: { base: 'all', config: 'all', protocol: 'types' },
  daemon: { base: 'all', config: 'all', protocol: 'all', supervisor: 'all' },
  cli: { base: 'all', config: 'all', protocol: 'all', client: 'all', export: 'all', daemon: 'one file' },
  // src/index.ts: what `import … from 'upkeep'` gives.
  '.': { base: 'types', config: 'all', client: 'types', protocol: 'types' },
}

/** The rooms of the supervisor, the highest first. What lies beside them, as the supervisor itself, is above all. */
const ROOMS = ['app', 'instance', 'worker', 'agents', 'sockets', 'logs', 'process']

/** Files read while a worker starts; the packages of others would cost its start-up time. */
const WITHOUT_PACKAGES = ['base', 'protocol', 'client', 'agent', 'supervisor']

interface Import {
  readonly file: string
  readonly area: string
  readonly to: string
  readonly isType: boolean
}

const source = join(packageRoot, 'src')
const imports = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap(importsOf)

test('an area imports only the areas it may', () => {
  const wrong = imports
    .filter(({ to, area }) => isOurs(to) && areaOf(targetOf(to)) !== area && !isAllowed(area, to, true))
    .map(({ file, to }) => `${file} imports ${to}`)

  assert.deepEqual(wrong, [])
})

test('where an area may import only types, it imports only types', () => {
  const wrong = imports
    .filter((each) => isOurs(each.to) && ruleOf(each) === 'types' && !each.isType)
    .map(({ file, to }) => `${file} imports ${to}`)

  assert.deepEqual(wrong, [])
})

test('only the commands that run apps in their own process, or read what a daemon left, import it', () => {
  const files = new Set(
    imports.filter((each) => isOurs(each.to) && ruleOf(each) === 'one file').map(({ file }) => file),
  )

  assert.deepEqual([...files].sort(), [
    'cli/commands/daemon.ts',
    'cli/commands/export-state.ts',
    'cli/commands/run.ts',
  ])
})

test('a room of the supervisor imports nothing that lies above it', () => {
  const inside = imports.filter(({ area, to }) => area === 'supervisor' && isOurs(to))
  const wrong = inside
    .filter(
      ({ file, to }) => areaOf(targetOf(to)) === 'supervisor' && heightOf(file) > heightOf(targetOf(to)),
    )
    .map(({ file, to }) => `${file} imports ${to}`)

  assert.deepEqual(wrong, [])
})

test('base, protocol, client, agent and supervisor need no package', () => {
  const wrong = imports
    .filter(({ area, to }) => WITHOUT_PACKAGES.includes(area) && !isOurs(to) && !to.startsWith('node:'))
    .map(({ file, to }) => `${file} imports ${to}`)

  assert.deepEqual(wrong, [])
})

test('the table knows every area', () => {
  assert.deepEqual(
    [...new Set(imports.map(({ area }) => area))].filter((area) => !(area in ALLOWED)),
    [],
  )
})

function importsOf(file: string): Import[] {
  const text = readFileSync(join(source, file), 'utf8')
  const area = areaOf(file)
  const found = text.matchAll(/^(import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?'([^']+)'/gm)
  const lazy = text.matchAll(/\bimport\('([^']+)'\)/g)
  return [
    ...[...found].map(([, , type, to = '']) => ({
      file,
      area,
      to: absolute(file, to),
      isType: type !== undefined,
    })),
    ...[...lazy].map(([, to = '']) => ({ file, area, to: absolute(file, to), isType: false })),
  ]
}

/** Imports of ours as `src:` and the path below src; others as they are. */
function absolute(file: string, to: string): string {
  if (!to.startsWith('.')) return to
  return `src:${relative(source, resolve(source, dirname(file), to))}`
}

function isOurs(to: string): boolean {
  return to.startsWith('src:')
}

function targetOf(to: string): string {
  return to.slice('src:'.length)
}

function areaOf(file: string): string {
  return file.includes(sep) ? (file.split(sep)[0] ?? '.') : '.'
}

function heightOf(file: string): number {
  return ROOMS.indexOf(file.split(sep)[1] ?? '')
}

function isAllowed(area: string, to: string, otherwise: boolean): boolean {
  const rules = ALLOWED[area]
  return rules === undefined ? otherwise : areaOf(targetOf(to)) in rules
}

function ruleOf({ area, to }: Import): string | undefined {
  return ALLOWED[area]?.[areaOf(targetOf(to))]
}
