import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Failure } from '../../src/base/failure.ts'
import { findConfig, isConfigName } from '../../src/config/file/find-config.ts'
import { readConfig } from '../../src/config/file/read-config.ts'

type Content = string | Buffer

function folderWith(t: TestContext, files: Readonly<Record<string, Content>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'config-file-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('nothing failed')
}

const APPS = { apps: [{ script: 'a.js' }] }

test('every kind of config file says the same', async (t) => {
  const files = {
    'a.json': JSON.stringify(APPS),
    'bom.json': `\ufeff${JSON.stringify(APPS)}`,
    'a.yaml': 'apps:\n  - script: a.js\n',
    'a.yml': '# all\napps: [{ script: a.js }]',
    'a.mjs': `export default ${JSON.stringify(APPS)}`,
    'named.mjs': `export const apps = ${JSON.stringify(APPS.apps)}`,
    'promise.mjs': `export default Promise.resolve(${JSON.stringify(APPS)})`,
    'a.cjs': `module.exports = ${JSON.stringify(APPS)}`,
    'a.js': `module.exports = ${JSON.stringify(APPS)}`,
    'esm.js': `import 'node:fs'\nexport default ${JSON.stringify(APPS)}`,
    'a.mts': `const script: string = 'a.js'\nexport default { apps: [{ script }] }`,
    'a.ts': `interface App { script: string }\nconst app: App = { script: 'a.js' }\nexport default { apps: [app] }`,
    'a.cts': `const script: string = 'a.js'\nmodule.exports = { apps: [{ script }] }`,
    'a b#c?d%.mjs': `export default ${JSON.stringify(APPS)}`,
    'package.json': '{}',
  }
  const folder = folderWith(t, files)

  for (const name of Object.keys(files)) {
    if (name === 'package.json') continue
    // Node 20 does not look whether a .js file without a package type is a module.
    if (name === 'esm.js' && process.version.startsWith('v20.')) continue
    const { data } = await readConfig(join(folder, name), undefined)
    assert.deepEqual(data, APPS, name)
  }
})

test('a function is told the environment', async (t) => {
  const folder = folderWith(t, {
    'sync.mjs': 'export default ({ env }) => ({ script: env })',
    'async.mjs': 'export default async ({ env }) => ({ script: env })',
  })

  for (const name of ['sync.mjs', 'async.mjs']) {
    const config = await readConfig(join(folder, name), 'staging')
    assert.deepEqual(config, { data: { script: 'staging' }, isComputed: true })
  }
})

test('a config that changed is read again', async (t) => {
  for (const [name, code] of [
    ['a.mjs', (script: string) => `export default { script: '${script}' }`],
    ['a.cjs', (script: string) => `module.exports = { script: '${script}' }`],
    ['a.ts', (script: string) => `const script: string = '${script}'\nexport default { script }`],
  ] as const) {
    const folder = folderWith(t, { [name]: code('old.js') })
    const linked = join(folder, `linked-${name}`)
    symlinkSync(join(folder, name), linked)

    await readConfig(linked, undefined)
    writeFileSync(join(folder, name), code('new.js'))

    assert.deepEqual((await readConfig(linked, undefined)).data, { script: 'new.js' }, name)
  }
})

test('a file that is no config is told in one sentence', async (t) => {
  for (const [name, content, message] of [
    ['a.json', '', 'it is empty'],
    ['a.mjs', ' \n', 'it is empty'],
    ['a.json', Buffer.from('{"a":"\xff"}', 'latin1'), 'it is not valid UTF-8'],
    ['a.json', Buffer.from('\ufeff{}', 'utf16le'), 'it is UTF-16, not UTF-8'],
    ['a.yaml', 'a: "\0"', 'it contains NUL bytes'],
    ['a.json', `"${'a'.repeat(1024 * 1024)}"`, 'it has 1MB, more than 1MB'],
    ['a.toml', 'a = 1', '".toml" is not known'],
    ['a', 'a', '"" is not known'],
    ['a.mjs', '// nothing', 'it exports nothing'],
    ['a.cjs', '// nothing', 'it exports nothing'],
    ['a.mjs', 'export default null', 'it exports null'],
    ['a.mjs', 'export default "apps"', 'it exports "apps"'],
  ] as const) {
    const file = join(folderWith(t, { [name]: content }), name)
    const failure = await failureOf(readConfig(file, undefined))

    assert.equal(failure.message, `Cannot read config ${file}: ${message}`)
    assert.equal(failure.code, 'CONFIG_UNREADABLE')
  }
})

test('a config that is broken or throws is told with its line', async (t) => {
  for (const [name, content, detail] of [
    ['a.json', '{\n  "a": secret\n}', /^a\.json:2:8: JSON cannot be read from here on$/],
    ['a.json', '{\n  "a": 1,\n}', /^a\.json:3:1: JSON cannot be read from here on$/],
    ['a.json', '{"a": 1', /^a\.json:1:\d+: JSON cannot be read from here on$/],
    ['a.yaml', 'a: 1\nb: [', /^a\.yaml:2:\d: Flow sequence/],
    ['a.yaml', `a: ${'['.repeat(100_000)}`, /^a\.yaml:1:\d+: /],
    ['a.yaml', 'a: &a [x, x]\nb: &b [*a, *a]\nc: *nowhere', /^a\.yaml: Unresolved alias/],
    ['a.mjs', 'const a = 1\nthrow new TypeError("no luck")', /^a\.mjs:2:7: TypeError: no luck$/],
    ['a.cjs', '\n\nthrow new TypeError("no luck")', /^a\.cjs:3:7: TypeError: no luck$/],
    ['a.mjs', 'export default () => {\n  throw new Error("no luck")\n}', /^a\.mjs:2:9: Error: no luck$/],
    ['a.mjs', 'export default Promise.reject(\n  new Error("no luck"))', /^a\.mjs:2:3: Error: no luck$/],
    ['a.mjs', 'throw null', /^a\.mjs: it throws a value that is not an Error$/],
    ['a.mjs', 'const a = 1\nexport default {', /^a\.mjs:\d: SyntaxError: Unexpected end of input$/],
    ['a.cjs', 'const a = 1\nmodule.exports = { a: }', /^a\.cjs:2: SyntaxError: Unexpected token '}'$/],
    ['a.ts', 'const a: number = 1\nthrow new TypeError("no luck")', /^a\.ts:2:7: TypeError: no luck$/],
    [
      'a.ts',
      'const a: number = 1\nexport default { a: }',
      /^a\.ts:2(:\d+)?: (Transform|Syntax)Error: (Unexpected|Expression)/,
    ],
    ['a.mjs', 'import "./missing.js"', /^a\.mjs: Error: Cannot find module/],
  ] as const) {
    const folder = folderWith(t, { [name]: content })
    const failure = await failureOf(readConfig(join(folder, name), undefined))

    assert.equal(failure.code, 'CONFIG_UNREADABLE')
    assert.match(failure.details[0]?.replace(`${folder}/`, '') ?? '', detail)
  }
})

test('a YAML error does not show what it quotes', async (t) => {
  for (const value of ['*secret', '|secret', '>secret']) {
    const file = join(folderWith(t, { 'a.yaml': `a: ${value}` }), 'a.yaml')
    const failure = await failureOf(readConfig(file, undefined))

    assert.doesNotMatch(failure.details.join(), /secret/)
  }
})

test('a JSON error does not show the text around it', async (t) => {
  const file = join(folderWith(t, { 'a.json': '{"token": hunter2}' }), 'a.json')
  const failure = await failureOf(readConfig(file, undefined))

  assert.doesNotMatch(JSON.stringify(failure), /hunter2/)
})

test('a path that is no file is told', async (t) => {
  const folder = folderWith(t, { 'file.json': '{}' })
  execFileSync('mkfifo', [join(folder, 'fifo.json')])
  symlinkSync('loop.json', join(folder, 'loop.json'))

  for (const [path, code, message] of [
    ['missing.json', 'CONFIG_NOT_FOUND', 'there is no such file'],
    ['file.json/below.json', 'CONFIG_NOT_FOUND', 'there is no such file'],
    ['', 'CONFIG_UNREADABLE', 'it is a directory'],
    ['fifo.json', 'CONFIG_UNREADABLE', 'it is not a regular file'],
    ['loop.json', 'CONFIG_UNREADABLE', 'its symbolic links go in a circle'],
  ] as const) {
    const failure = await failureOf(readConfig(join(folder, path), undefined))
    assert.equal(failure.code, code, path)
    assert.equal(failure.message, `Cannot read config ${join(folder, path)}: ${message}`)
  }
})

test('the config of a folder is found, and two are one too many', (t) => {
  const folder = folderWith(t, { 'upkeep.config.yaml.bak': '' })
  assert.equal(findConfig(folder), undefined)
  assert.equal(findConfig(join(folder, 'missing')), undefined)

  writeFileSync(join(folder, 'upkeep.config.yaml'), '')
  assert.equal(basename(findConfig(folder) ?? ''), 'upkeep.config.yaml')

  writeFileSync(join(folder, 'upkeep.config.ts'), '')
  assert.throws(() => findConfig(folder), {
    code: 'CONFIG_INVALID',
    message: `Cannot choose a config in ${folder}: it has upkeep.config.ts and upkeep.config.yaml`,
  })
})

test('a config is told from a script by its name', () => {
  for (const [file, expected] of [
    ['upkeep.config.ts', true],
    ['/srv/production.config.mjs', true],
    ['apps.yaml', true],
    ['apps.json', true],
    ['package.json', false],
    ['/srv/package.json', false],
    ['server.ts', false],
    ['config.js', false],
    ['npm:start', false],
  ] as const) {
    assert.equal(isConfigName(file), expected, file)
  }
})
