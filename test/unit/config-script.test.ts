import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { Failure } from '../../src/base/failure.ts'
import { readsTypeScript } from '../../src/config/resolve/typescript-loader.ts'
import { type ScriptOptions, specFromScript } from '../../src/config/spec-from-script.ts'

const NODE = process.execPath

/** A folder with files, and in `bin` the programs that PATH leads to. */
function folderWith(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'config-script-')))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
    if (name.startsWith('bin/')) chmodSync(join(folder, name), 0o755)
  }
  mkdirSync(join(folder, 'bin'), { recursive: true })
  symlinkSync(NODE, join(folder, 'bin', 'node'))
  return folder
}

type Options = Omit<ScriptOptions, 'cwd' | 'processEnv'> & { readonly cwd?: string }

function specOf(folder: string, options: Options) {
  return specFromScript({ cwd: folder, processEnv: { PATH: join(folder, 'bin'), HOME: folder }, ...options })
}

async function failureOf(folder: string, options: Options): Promise<Failure> {
  try {
    await specOf(folder, options)
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('nothing failed')
}

interface Process {
  readonly program: string
  readonly programArgs?: readonly string[]
  readonly args?: readonly string[]
  readonly isNode: boolean
  readonly name: string
}

async function assertProcess(folder: string, options: Options, expected: Process): Promise<void> {
  const { program, programArgs, args, isNode, name } = await specOf(folder, options)
  const shown = (text: string) => text.replace(`${folder}/`, '')
  assert.deepEqual(
    { program: shown(program), programArgs: programArgs.map(shown), args, isNode, name },
    { programArgs: [], args: [], ...expected },
    `${options.script} ${options.args ?? ''}`,
  )
}

const PACKAGE = JSON.stringify({
  name: '@acme/shop',
  main: 'lib/main',
  scripts: {
    start: 'node server.js --port 1',
    web: 'NODE_ENV=staging PORT=1 next start',
    dev: 'npm run web -- --inspect',
    cross: 'cross-env PORT=2 exec node "my server.js"',
    pnpm: 'vite preview',
    shell: 'node a.js && node b.js',
    open: 'node "a.js',
    loop: 'npm run loop',
    lost: 'missing-command',
    nothing: '',
    'with:colon': './tool --all',
  },
})

const PROJECT = {
  'package.json': PACKAGE,
  'server.js': '',
  'my server.js': '',
  noendings: 'text',
  'lib/main.js': '',
  tool: '',
  'bin/python3': '#!/bin/sh\n',
  'bin/bash': '#!/bin/sh\n',
  'bin/global': '#!/usr/bin/env -S node --no-warnings\n',
  'job.py': '',
  'job.sh': '',
  'index.js': '',
  'sub/index.mjs': '',
  'sub/deep/a.cjs': '',
  'bin/www': '#!/usr/bin/env node\n',
  'bin/script': '#!/bin/sh\n',
  'bin/binary': '\u007fELF',
  'tools/bin-only/package.json': '{"bin":{"bin-only":"cli.js","other":"b.js"},"name":"bin-only"}',
  'tools/bin-only/cli.js': '',
  'tools/plain/index.js': '',
  'tools/empty/a.txt': '',
  'tools/npm-only/package.json': '{"scripts":{"start":"node a.js"}}',
  'tools/broken/package.json': '{',
  'tools/unbuilt/package.json': '{"main":"dist/a.js"}',
  'node_modules/next/cli.js': '#!/usr/bin/env node\n',
  'node_modules/vite/cli.js': '#!/usr/bin/env node\n',
} as const

function project(t: TestContext): string {
  const folder = folderWith(t, PROJECT)
  mkdirSync(join(folder, 'node_modules/.bin'))
  chmodSync(join(folder, 'node_modules/next/cli.js'), 0o755)
  chmodSync(join(folder, 'tool'), 0o755)
  symlinkSync('../next/cli.js', join(folder, 'node_modules/.bin/next'))
  const shim = '#!/bin/sh\nbasedir=…\nexec node  "$basedir/../vite/cli.js" "$@"\n'
  writeFileSync(join(folder, 'node_modules/.bin/vite'), shim, { mode: 0o755 })
  return folder
}

test('a script is run by what fits it', async (t) => {
  const folder = project(t)
  const node = { program: 'bin/node', isNode: true }

  for (const [options, expected] of [
    [{ script: 'server.js' }, { ...node, programArgs: ['server.js'], name: 'server' }],
    [{ script: join(folder, 'server.js') }, { ...node, programArgs: ['server.js'], name: 'server' }],
    [{ script: '~/server.js' }, { ...node, programArgs: ['server.js'], name: 'server' }],
    [
      { script: 'server.js', args: 'a "b c"' },
      { ...node, programArgs: ['server.js'], args: ['a', 'b c'], name: 'server' },
    ],
    [
      { script: 'server.js', name: 'web' },
      { ...node, programArgs: ['server.js'], name: 'web' },
    ],
    [
      { script: 'server.js', interpreterArgs: '--no-warnings' },
      { ...node, programArgs: ['--no-warnings', 'server.js'], name: 'server' },
    ],
    [{ script: 'sub/index.mjs' }, { ...node, programArgs: ['sub/index.mjs'], name: 'sub' }],
    [{ script: 'sub/deep/a.cjs' }, { ...node, programArgs: ['sub/deep/a.cjs'], name: 'a' }],
    [{ script: '.' }, { ...node, programArgs: ['lib/main.js'], name: 'shop' }],
    [{ script: 'package.json' }, { ...node, programArgs: ['lib/main.js'], name: 'shop' }],
    [{ script: 'tools/bin-only' }, { ...node, programArgs: ['tools/bin-only/cli.js'], name: 'bin-only' }],
    [{ script: 'tools/plain' }, { ...node, programArgs: ['tools/plain/index.js'], name: 'plain' }],
    [{ script: 'job.py' }, { program: 'bin/python3', programArgs: ['job.py'], isNode: false, name: 'job' }],
    [{ script: 'job.sh' }, { program: 'bin/bash', programArgs: ['job.sh'], isNode: false, name: 'job' }],
    [{ script: 'bin/www' }, { ...node, programArgs: ['bin/www'], name: 'www' }],
    [{ script: 'bin/script' }, { program: 'bin/script', isNode: false, name: 'script' }],
    [{ script: './bin/binary' }, { program: 'bin/binary', isNode: false, name: 'binary' }],
    [
      { script: 'python3', args: ['-m', 'http.server'] },
      { program: 'bin/python3', args: ['-m', 'http.server'], isNode: false, name: 'python3' },
    ],
    [
      { script: 'node', args: ['server.js'] },
      { ...node, args: ['server.js'], name: 'node' },
    ],
    [{ script: 'global' }, { ...node, programArgs: ['--no-warnings', 'bin/global'], name: 'global' }],
    [
      { script: 'noendings', interpreter: 'node' },
      { ...node, programArgs: ['noendings'], name: 'noendings' },
    ],
    [
      { script: 'server.js', interpreter: 'bin/python3' },
      { program: 'bin/python3', programArgs: ['server.js'], isNode: false, name: 'server' },
    ],
    [
      { script: 'server.js', interpreter: 'next' },
      { ...node, programArgs: ['node_modules/next/cli.js', 'server.js'], name: 'server' },
    ],
    [
      { script: 'next', args: ['start'] },
      { ...node, programArgs: ['node_modules/next/cli.js'], args: ['start'], name: 'next' },
    ],
  ] as const) {
    await assertProcess(folder, options, expected)
  }
})

test('an npm script is started without npm and without a shell', async (t) => {
  const folder = project(t)
  const node = { program: 'bin/node', isNode: true }
  const server = { ...node, programArgs: ['server.js', '--port', '1'], name: 'shop' }
  const next = ['node_modules/next/cli.js', 'start']

  for (const [options, expected] of [
    [{ script: 'npm:start' }, server],
    [{ script: 'npm start' }, server],
    [{ script: 'npm run start' }, server],
    [{ script: 'npm run -s start' }, { ...server, name: 'shop' }],
    [{ script: 'npm', args: ['start'] }, server],
    [
      { script: 'npm', args: ['run', 'start', '--', '--x'] },
      { ...server, args: ['--x'] },
    ],
    [
      { script: 'npm:start', args: ['--x'] },
      { ...server, args: ['--x'] },
    ],
    [{ script: 'node --run start' }, server],
    [{ script: 'npm:web' }, { ...node, programArgs: next, name: 'web' }],
    [
      { script: 'npm:web', interpreterArgs: ['--no-warnings'] },
      { ...node, programArgs: ['--no-warnings', ...next], name: 'web' },
    ],
    [{ script: 'npm:dev' }, { ...node, programArgs: [...next, '--inspect'], name: 'dev' }],
    [{ script: 'npm:cross' }, { ...node, programArgs: ['my server.js'], name: 'cross' }],
    [
      { script: 'pnpm run pnpm' },
      { ...node, programArgs: ['node_modules/vite/cli.js', 'preview'], name: 'pnpm' },
    ],
    [
      { script: 'npm:with:colon' },
      { program: 'tool', programArgs: ['--all'], isNode: false, name: 'with:colon' },
    ],
  ] as const) {
    await assertProcess(folder, options, expected)
  }
})

test('an npm script runs in the folder of its package, with its variables and commands', async (t) => {
  const folder = project(t)

  const spec = await specOf(join(folder, 'sub'), { script: 'npm:dev', env: { NODE_ENV: 'test' } }).catch(
    (e) => e,
  )
  // PATH of this folder has no node, so it comes from the test itself.
  assert.equal(spec.cwd, folder)
  assert.equal(spec.env.NODE_ENV, 'staging')
  assert.equal(spec.env.PORT, '1')
  assert.ok(spec.env.PATH?.startsWith(`${folder}/node_modules/.bin:`))
})

test('what cannot be started is told in one sentence with a way out', async (t) => {
  const folder = project(t)
  symlinkSync('/dev/null', join(folder, 'device'))

  for (const [options, code, message, hint] of [
    [
      { script: 'sever.js' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "sever.js": script DIR/sever.js does not exist',
      'Did you mean "server.js"?',
    ],
    [
      { script: 'sub/index.js' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "index.js": script DIR/sub/index.js does not exist',
      'Did you mean "index.mjs"?',
    ],
    [
      { script: 'no/where.js', name: 'web' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "web": script DIR/no/where.js does not exist',
      undefined,
    ],
    [
      { script: 'server.js/x' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "x": script DIR/server.js/x does not exist',
      undefined,
    ],
    [
      { script: 'a'.repeat(300) },
      'SCRIPT_NOT_FOUND',
      `Cannot start app "${'a'.repeat(60)}…": "${'a'.repeat(60)}…" is no file in DIR and no program on PATH`,
      undefined,
    ],
    [
      { script: 'ruby' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "ruby": "ruby" is no file in DIR and no program on PATH',
      undefined,
    ],
    [
      { script: 'node server.js' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "node server.js": script DIR/node server.js does not exist',
      'Write the program in script and the rest in args',
    ],
    [
      { script: 'device' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "device": DIR/device is not a file',
      undefined,
    ],
    [
      { script: 'tools/empty' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "empty": folder DIR/tools/empty has no main, bin or index.js',
      'Name the file',
    ],
    [
      { script: 'tools/npm-only' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "npm-only": folder DIR/tools/npm-only has no main, bin or index.js',
      'It has an npm script: write "npm:start"',
    ],
    [
      { script: 'tools/unbuilt' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "unbuilt": DIR/tools/unbuilt/package.json names "dist/a.js", which does not exist',
      'Was it built?',
    ],
    [
      { script: 'tools/broken' },
      'SCRIPT_UNREADABLE',
      'Cannot read file DIR/tools/broken/package.json: it is not valid JSON',
      undefined,
    ],
    [
      { script: 'noendings' },
      'SCRIPT_UNREADABLE',
      'Cannot start app "noendings": script DIR/noendings is not executable',
      'Run "chmod +x" on it, or name an interpreter',
    ],
    [
      { script: 'server.js', interpreter: 'bun' },
      'INTERPRETER_NOT_FOUND',
      'Cannot start app "server.js": its interpreter "bun" was not found',
      'Install it, or write its path',
    ],
    [
      { script: 'server.js', interpreter: './bun' },
      'INTERPRETER_NOT_FOUND',
      'Cannot start app "server.js": its interpreter "./bun" was not found',
      'Is it there, and executable?',
    ],
    [
      { script: 'python3', interpreterArgs: '-u' },
      'CONFIG_INVALID',
      'Cannot use interpreterArgs for app "python3": "python3" is a program itself',
      'Remove interpreterArgs, or name a file as the script',
    ],
    [
      { script: 'npm:web', interpreter: 'node' },
      'CONFIG_INVALID',
      'Cannot use interpreter for app "npm:web": "npm:web" is a program itself',
      'Remove interpreter, or name a file as the script',
    ],
    [
      { script: 'npm:strat' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "npm:strat": DIR/package.json has no script "strat", did you mean "start"?',
      undefined,
    ],
    [
      { script: 'npm:toString' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "npm:toString": DIR/package.json has no script "toString"',
      undefined,
    ],
    [
      { script: 'npm:shell' },
      'SCRIPT_UNREADABLE',
      'Cannot start app "npm:shell": npm script "shell" needs a shell for "&&"',
      `Start the program itself, or write script: 'bash', args: ['-c', …], reload: 'stop-first'`,
    ],
    [
      { script: 'npm:open' },
      'SCRIPT_UNREADABLE',
      'Cannot start app "npm:open": npm script "open" needs a shell for "\\""',
      `Start the program itself, or write script: 'bash', args: ['-c', …], reload: 'stop-first'`,
    ],
    [
      { script: 'npm:loop' },
      'SCRIPT_UNREADABLE',
      'Cannot start app "npm:loop": npm script "loop" runs itself',
      undefined,
    ],
    [
      { script: 'npm:lost' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "npm:lost": "missing-command", which npm script "lost" runs, was not found',
      'Are the dependencies installed?',
    ],
    [
      { script: 'npm:nothing' },
      'SCRIPT_UNREADABLE',
      'Cannot start app "npm:nothing": npm script "nothing" is empty',
      undefined,
    ],
  ] as const) {
    const failure = await failureOf(folder, options)
    assert.equal(failure.message.replaceAll(folder, 'DIR'), message)
    assert.equal(failure.code, code, message)
    assert.equal(failure.hint, hint, message)
  }
})

test('a problem of the keys is told like one of a config', async (t) => {
  const folder = project(t)
  const failure = await failureOf(folder, { script: 'server.js', instances: '1000000', name: 'all' })

  assert.equal(failure.message, 'Cannot use the command line: it has 2 problems')
  assert.equal(failure.code, 'USAGE')
  assert.deepEqual(failure.details, [
    'name: must not be "all", which means every app',
    'instances: must be a whole number from -1000 to 1000, or "max", got "1000000"',
  ])
})

test('a name made from a folder is one that commands can take', async (t) => {
  const folder = project(t)
  for (const [name, expected] of [
    ['.hidden', 'hidden'],
    ['-dash', 'dash'],
    ['a b\tc', 'a-b-c'],
    ['all', 'app'],
    ['...', 'app'],
    ['l'.repeat(100), 'l'.repeat(64)],
  ] as const) {
    mkdirSync(join(folder, 'names', name), { recursive: true })
    writeFileSync(join(folder, 'names', name, 'index.js'), '')
    assert.equal((await specOf(folder, { script: join('names', name) })).name, expected)
  }
})

const OLD_NODE = '#!/bin/sh\necho v20.20.2\n'
const NEW_NODE = '#!/bin/sh\necho v22.18.0\n'

test('TypeScript runs natively where node can, and with tsx where it cannot', async (t) => {
  const folder = folderWith(t, {
    'a.ts': '',
    'b.mts': '',
    'old/node': OLD_NODE,
    'new/node': NEW_NODE,
    'odd/node': '#!/bin/sh\necho hello\n',
    'own/c.cts': '',
    'own/node_modules/tsx/package.json': '{"exports":"./loader.mjs"}',
    'own/node_modules/tsx/loader.mjs': '',
  })
  for (const version of ['old', 'new', 'odd']) chmodSync(join(folder, version, 'node'), 0o755)
  const ourTsx = createRequire(import.meta.url).resolve('tsx')
  const ownTsx = join(folder, 'own/node_modules/tsx/loader.mjs')
  const loader = (path: string) => ['--import', pathToFileURL(path).href]

  for (const [script, interpreter, expected] of [
    ['a.ts', 'old/node', loader(ourTsx)],
    ['b.mts', 'old/node', loader(ourTsx)],
    ['own/c.cts', 'old/node', loader(ownTsx)],
    ['a.ts', 'new/node', []],
    ['a.ts', undefined, readsTypeScript(process.version) ? [] : loader(ourTsx)],
  ] as const) {
    const spec = await specOf(folder, { script, interpreter })
    assert.deepEqual(spec.programArgs, [...expected, join(folder, script)])
    assert.equal(spec.isNode, true)
  }
  const failure = await failureOf(folder, { script: 'a.ts', interpreter: 'odd/node' })
  assert.equal(failure.code, 'INTERPRETER_NOT_FOUND')
})

test('node reads TypeScript from 22.18, 23.6 and 24', () => {
  for (const [version, expected] of [
    ['v20.20.2', false],
    ['v22.17.9', false],
    ['v22.18.0', true],
    ['v23.5.0', false],
    ['v23.6.0', true],
    ['v24.0.0', true],
    ['v26.10.0', true],
  ] as const) {
    assert.equal(readsTypeScript(version), expected, version)
  }
})

test('without node on PATH the node of the command is used', async (t) => {
  const folder = folderWith(t, { 'a.js': '' })
  const spec = await specFromScript({ script: 'a.js', cwd: folder, processEnv: { PATH: '/nowhere' } })

  assert.equal(spec.program, NODE)
  assert.equal(basename(spec.script), 'a.js')
})
