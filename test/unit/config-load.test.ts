import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Failure } from '../../src/base/failure.ts'
import { type LoadConfigOptions, loadConfig } from '../../src/config/load-config.ts'
import { countInstances } from '../../src/config/schema/instances.ts'
import { checkSpec } from '../../src/config/spec/check-spec.ts'
import { specFromScript } from '../../src/config/spec-from-script.ts'

const PATH = process.env.PATH ?? ''

function configIn(t: TestContext, config: unknown, files: Readonly<Record<string, string>> = {}): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'config-load-')))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, content] of Object.entries({ 'a.js': '', 'b.js': '', ...files })) {
    writeFileSync(join(folder, name), content)
  }
  writeFileSync(join(folder, 'upkeep.config.json'), JSON.stringify(config))
  return folder
}

function load(folder: string, options: Partial<LoadConfigOptions> = {}) {
  return loadConfig({ file: join(folder, 'upkeep.config.json'), processEnv: { PATH }, ...options })
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

async function envOf(folder: string, processEnv: NodeJS.ProcessEnv) {
  const { apps } = await load(folder, { processEnv })
  return apps[0]?.env
}

test('an app of a config becomes a whole spec that the daemon takes', async (t) => {
  const folder = configIn(t, { script: 'a.js', instances: 2, ulimits: { nofile: 1024 }, args: '-p 1' })

  const { file, apps, failures } = await load(folder)

  assert.equal(file, join(folder, 'upkeep.config.json'))
  assert.deepEqual(failures, [])
  assert.deepEqual(apps.map(checkSpec), apps)
  const { program, ...spec } = apps[0] ?? assert.fail('no app')
  assert.match(program, /node$/)
  assert.deepEqual(spec, {
    name: 'a',
    script: join(folder, 'a.js'),
    programArgs: [join(folder, 'a.js')],
    args: ['-p', '1'],
    cwd: folder,
    isNode: true,
    instances: 2,
    balance: 'shared',
    env: { PATH, NODE_ENV: 'production' },
    ready: { when: 'auto', timeoutMs: 30_000 },
    stop: { signal: 'SIGTERM', timeoutMs: 30_000 },
    reload: { order: 'start-first', parallel: 1 },
    restart: {
      policy: 'always',
      maxRestarts: null,
      minUptimeMs: 10_000,
      backoffMs: 100,
      maxBackoffMs: 30_000,
    },
    logs: {
      format: 'plain',
      maxSizeBytes: 10_485_760,
      rotateEveryMs: null,
      keep: 10,
      maxTotalBytes: 1_073_741_824,
      compress: true,
    },
    runAs: null,
    ulimits: { nofile: 1024 },
  })
})

test('paths start at the folder of the config, then at cwd', async (t) => {
  const folder = configIn(t, { script: 'c.js', cwd: 'sub', envFile: '../.env' }, { '.env': 'FROM=file' })
  mkdirSync(join(folder, 'sub'))
  writeFileSync(join(folder, 'sub', 'c.js'), '')

  const { apps } = await load(folder)

  assert.equal(apps[0]?.cwd, join(folder, 'sub'))
  assert.equal(apps[0]?.script, join(folder, 'sub', 'c.js'))
  assert.equal(apps[0]?.env.FROM, 'file')
})

const CALLER = {
  PATH,
  HOME: '/home/ada',
  USER: 'ada',
  LANG: 'C',
  LC_ALL: 'C',
  TZ: 'UTC',
  TMPDIR: '/tmp',
  TOKEN: 'hunter2',
  AWS_KEY: 'a',
  AWS_REGION: 'b',
  NODE_ENV: 'development',
  npm_config_x: '1',
  UPKEEP_WORKER: '1',
  SHLVL: '2',
  OLDPWD: '/old',
  PWD: '/somewhere',
  _: '/usr/bin/env',
}
const KEPT = { PATH, HOME: '/home/ada', USER: 'ada', LANG: 'C', LC_ALL: 'C', TZ: 'UTC', TMPDIR: '/tmp' }

test('the environment is exactly what the config says', async (t) => {
  const files = { 'one.env': '# first\nA=1\nexport B="2 # 3"\nNODE_ENV=test', 'two.env': "B='two'\nEMPTY=" }
  for (const [keys, added] of [
    [{}, { NODE_ENV: 'production' }],
    [{ env: { A: 1, HOME: null, NODE_ENV: 'x' } }, { A: '1', HOME: undefined, NODE_ENV: 'x' }],
    [{ env: { NODE_ENV: null } }, {}],
    [
      { inheritEnv: ['TOKEN', 'AWS_*', 'MISSING'] },
      { NODE_ENV: 'production', TOKEN: 'hunter2', AWS_KEY: 'a', AWS_REGION: 'b' },
    ],
    [{ inheritEnv: ['NODE_ENV'] }, { NODE_ENV: 'development' }],
    [
      { envFile: ['one.env', 'two.env'], env: { A: 'env' } },
      { A: 'env', B: 'two', EMPTY: '', NODE_ENV: 'test' },
    ],
  ] as const) {
    const folder = configIn(t, { script: 'a.js', ...keys }, files)
    const expected = Object.entries({ ...KEPT, ...added }).filter(([, value]) => value !== undefined)
    assert.deepEqual(await envOf(folder, CALLER), Object.fromEntries(expected))
  }
})

test('an app that inherits everything gets nothing of npm, the shell or Upkeep', async (t) => {
  const folder = configIn(t, { script: 'a.js', inheritEnv: true })
  const expected = {
    ...KEPT,
    TOKEN: 'hunter2',
    AWS_KEY: 'a',
    AWS_REGION: 'b',
    NODE_ENV: 'development',
    PWD: folder,
  }

  assert.deepEqual(await envOf(folder, CALLER), expected)
  const spec = await specFromScript({ script: 'a.js', cwd: folder, processEnv: CALLER })
  assert.deepEqual(spec.env, expected)
})

test('a caller without PATH leaves one that finds programs', async (t) => {
  const env = await envOf(configIn(t, { script: 'a.js' }), {})

  assert.match(env?.PATH ?? '', /:\/usr\/bin:/)
})

test('what is missing is told by name', async (t) => {
  for (const [keys, code, message] of [
    [{ cwd: 'nowhere' }, 'CWD_NOT_FOUND', 'Cannot start app "a.js": its folder DIR/nowhere does not exist'],
    [{ cwd: 'a.js' }, 'CWD_NOT_FOUND', 'Cannot start app "a.js": its folder DIR/a.js does not exist'],
    [{ envFile: '.env' }, 'CONFIG_NOT_FOUND', 'Cannot read env file DIR/.env: there is no such file'],
    [{ envFile: '.' }, 'CONFIG_UNREADABLE', 'Cannot read env file DIR: it is a directory'],
    [
      { script: 'c.js', name: 'web' },
      'SCRIPT_NOT_FOUND',
      'Cannot start app "web": script DIR/c.js does not exist',
    ],
  ] as const) {
    const folder = configIn(t, { script: 'a.js', ...keys })
    const failure = await failureOf(load(folder))

    assert.equal(failure.code, code)
    assert.equal(failure.message.replaceAll(folder, 'DIR'), message)
  }
})

test('all apps that cannot be started are told together, or left out when asked', async (t) => {
  const folder = configIn(t, [{ script: 'c.js' }, { script: 'a.js' }, { script: 'b.js', cwd: 'nowhere' }])

  const failure = await failureOf(load(folder))
  assert.equal(failure.message, `Cannot use ${folder}/upkeep.config.json: it has 2 problems`)
  assert.deepEqual(failure.details, [
    `Cannot start app "c.js": script ${folder}/c.js does not exist. Did you mean "a.js"?`,
    `Cannot start app "b.js": its folder ${folder}/nowhere does not exist`,
  ])

  const { apps, failures } = await load(folder, { keepGoing: true })
  assert.deepEqual(
    apps.map(({ name }) => name),
    ['a'],
  )
  assert.deepEqual(
    failures.map(({ code }) => code),
    ['SCRIPT_NOT_FOUND', 'CWD_NOT_FOUND'],
  )
})

test('a mistake in one app hides no missing file of another', async (t) => {
  const folder = configIn(t, [
    { script: 'a.js', instances: 'many', environments: { production: {} } },
    { script: 'a.ts', envFile: '.env', environments: { staging: {} } },
    { script: 'b.js', name: 'b', logs: { maxSize: '1GB', maxTotal: '1MB' } },
    { script: 'b.js', name: 'b' },
  ])

  const { code, details } = await failureOf(load(folder, { environment: 'production', keepGoing: true }))

  assert.equal(code, 'CONFIG_INVALID')
  assert.deepEqual(
    details.map((line) => line.replaceAll(folder, 'DIR')),
    [
      '[0].instances: must be a whole number from -1000 to 1000, or "max", got "many"',
      '[3].name: must be unique, "b" is the name of [2] too',
      '[2].logs.maxTotal: must be at least logs.maxSize, which is 1GB, got 1MB',
      'Cannot read env file DIR/.env: there is no such file',
      'Cannot start app "a.ts": script DIR/a.ts does not exist. Did you mean "a.js"?',
    ],
  )
})

test('names that were made from scripts must be unique, too', async (t) => {
  const folder = configIn(t, [{ script: 'a.js' }, { script: 'b.js', name: 'a' }])
  const failure = await failureOf(load(folder))

  assert.deepEqual(failure.details, ['[1].name: must be unique, "a" is the name of [0] too'])
})

test('an environment is chosen by name', async (t) => {
  const folder = configIn(t, { script: 'a.js', environments: { staging: { script: 'b.js', env: { A: 1 } } } })
  const { apps } = await load(folder, { environment: 'staging' })

  assert.equal(apps[0]?.script, join(folder, 'b.js'))
  assert.equal(apps[0]?.env.A, '1')
})

test('instances count cores', () => {
  for (const [written, cores, expected] of [
    [3, 2, 3],
    [0, 8, 8],
    [-1, 8, 7],
    [-8, 8, 1],
    [-9, 8, 1],
    [0, 1, 1],
  ] as const) {
    assert.equal(countInstances(written, cores), expected)
  }
})

test('max is one worker per core', async (t) => {
  const { apps } = await load(configIn(t, { script: 'a.js', instances: 'max' }))

  assert.equal(apps[0]?.instances, availableParallelism())
})
