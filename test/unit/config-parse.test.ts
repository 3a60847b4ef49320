import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from '../../src/base/failure.ts'
import { parseConfig } from '../../src/config/parse-config.ts'

const file = '/srv/upkeep.config.json'

function problemsOf(data: unknown, environment?: string): readonly string[] {
  try {
    parseConfig(data, { file, environment })
  } catch (error) {
    assert.ok(error instanceof Failure, `not a Failure: ${error}`)
    assert.equal(error.code, 'CONFIG_INVALID')
    return error.details
  }
  return []
}

function oneApp(keys: object) {
  return { apps: [{ script: 'a.js', ...keys }] }
}

const TIME = 'a time with a unit, such as "30s" or "500ms"'
const WHENS = 'one of "auto", "listening", "message", "started"'
const circular: unknown[] = []
circular.push(circular)

const table: readonly (readonly [data: unknown, problems: readonly string[]])[] = [
  [null, ['must be an object or a list of apps, got null']],
  [undefined, ['must be an object or a list of apps, got undefined']],
  ['apps', ['must be an object or a list of apps, got "apps"']],
  [new Map(), ['must be an object or a list of apps, got an object']],
  [[], ['must name at least one app']],
  [{}, ['apps: is missing: must be a list of apps']],
  [{ apps: {} }, ['apps: must be a list of apps, got an object']],
  [{ apps: [] }, ['apps: must name at least one app']],
  [{ apps: [null] }, ['apps[0]: must be an object, got null']],
  [[{}], ['[0].script: is missing: must be the path of a file, or a program']],
  [{ name: 'web' }, ['script: is missing: must be the path of a file, or a program']],
  [{ apps: [{ script: 'a.js' }], edge: {} }, ['edge: unknown key']],
  [
    { app: [{ script: 'a.js' }] },
    ['apps: is missing: must be a list of apps', 'app: unknown key, did you mean "apps"?'],
  ],
  [oneApp({ redy: 'message' }), ['apps[0].redy: unknown key, did you mean "ready"?']],
  [oneApp({ ready: { wen: 'auto' } }), ['apps[0].ready.wen: unknown key, did you mean "when"?']],
  [oneApp({ 'a\nb\u202e': 1 }), ['apps[0]["a\\nb\\u{202e}"]: unknown key']],
  [oneApp({ 'x-team': 'a', ready: { 'x-why': 1 } }), []],
  [oneApp({ script: '' }), ['apps[0].script: must be the path of a file, or a program, got ""']],
  [oneApp({ script: 'a\0b' }), ['apps[0].script: must be the path of a file, or a program, got "a\\u0000b"']],
  [
    oneApp({ script: 1, instances: 1.5, ready: { timeout: 30 }, colour: 'red' }),
    [
      'apps[0].script: must be the path of a file, or a program, got 1',
      'apps[0].instances: must be a whole number from -1000 to 1000, or "max", got 1.5',
      `apps[0].ready.timeout: must be ${TIME}, got 30`,
      'apps[0].colour: unknown key',
    ],
  ],
  [
    oneApp({ ready: 'mesage' }),
    [`apps[0].ready.when: must be ${WHENS}, got "mesage", did you mean "message"?`],
  ],
  [oneApp({ ready: 5 }), [`apps[0].ready.when: must be ${WHENS}, got 5`]],
  [oneApp({ stop: 5000 }), [`apps[0].stop.timeout: must be ${TIME}, got 5000`]],
  [
    oneApp({ stop: true }),
    ['apps[0].stop: must be an object or the value of `timeout` or `signal`, got true'],
  ],
  [oneApp({ stop: '10' }), [`apps[0].stop.timeout: must be ${TIME}, got "10"`]],
  [oneApp({ stop: '30d' }), ['apps[0].stop.timeout: must be from 0s to 24d, got "30d"']],
  [oneApp({ ready: { timeout: '0s' } }), ['apps[0].ready.timeout: must be from 1ms to 24d, got "0s"']],
  [
    oneApp({
      ready: { timeout: '25d' },
      stop: { timeout: '2147483648ms' },
      restart: { backoff: '0s', maxBackoff: '21d', minUptime: '0s' },
      logs: { rotate: '367d' },
    }),
    [
      'apps[0].ready.timeout: must be from 1ms to 24d, got "25d"',
      'apps[0].stop.timeout: must be from 0s to 24d, got "2147483648ms"',
      'apps[0].restart.backoff: must be from 1ms to 20d, got "0s"',
      'apps[0].restart.maxBackoff: must be from 1ms to 20d, got "21d"',
      'apps[0].restart.minUptime: must be from 1ms to 24d, got "0s"',
      'apps[0].logs.rotate: must be from 1m to 366d, got "367d"',
    ],
  ],
  [
    oneApp({ stop: 'SIGTRM' }),
    [
      'apps[0].stop.signal: must be the name of a signal, such as "SIGTERM", got "SIGTRM", did you mean "SIGTERM"?',
    ],
  ],
  [
    oneApp({ stop: { signal: 'SIGSTOP' } }),
    [
      'apps[0].stop.signal: must be the name of a signal, such as "SIGTERM", got "SIGSTOP", did you mean "SIGTSTP"?',
    ],
  ],
  [
    oneApp({ reload: { parallel: 0 } }),
    ['apps[0].reload.parallel: must be a whole number from 1 to 1000, got 0'],
  ],
  [
    oneApp({ logs: { maxSize: 10, keep: -1 } }),
    [
      'apps[0].logs.maxSize: must be a size with a unit, such as "10MB", got 10',
      'apps[0].logs.keep: must be a whole number from 0 to 10000, got -1',
    ],
  ],
  [oneApp({ logs: { maxSize: '1B' } }), ['apps[0].logs.maxSize: must be at least 1KB, got "1B"']],
  [oneApp({ logs: { compress: 'yes' } }), ['apps[0].logs.compress: must be true or false, got "yes"']],
  [
    oneApp({ logs: { maxSize: '2GB' } }),
    ['apps[0].logs.maxTotal: must be at least logs.maxSize, which is 2GB, got 1GB'],
  ],
  [
    oneApp({ restart: { backoff: '1m' } }),
    ['apps[0].restart.maxBackoff: must be at least restart.backoff, which is 1m, got 30s'],
  ],
  [oneApp({ args: '--name "a' }), ['apps[0].args: must close the quote "']],
  [oneApp({ args: [{}] }), ['apps[0].args: must be a list of texts, or one text, got a list']],
  [oneApp({ env: [] }), ['apps[0].env: must be an object of names and values, got an empty list']],
  [
    oneApp({ env: { 'A=B': 1, F: () => 'hush', N: 'hu\0sh', C: circular } }),
    [
      'apps[0].env["A=B"]: must have a name without "=" and NUL bytes',
      'apps[0].env.F: must be text, a number, true, false, null or plain data',
      'apps[0].env.N: must not contain a NUL byte',
      'apps[0].env.C: must be text, a number, true, false, null or plain data',
    ],
  ],
  [
    oneApp({ inheritEnv: 'PATH' }),
    ['apps[0].inheritEnv: must be true, false or a list of names, got "PATH"'],
  ],
  [oneApp({ user: -1 }), ['apps[0].user: must be the name or number of a user, got -1']],
  [
    oneApp({ ulimits: { nofile: '1k' } }),
    ['apps[0].ulimits.nofile: must be a whole number from 0, or "unlimited", got "1k"'],
  ],
  [oneApp({ ulimits: { nofiles: 1 } }), ['apps[0].ulimits.nofiles: unknown key, did you mean "nofile"?']],
  [
    oneApp({ environments: { staging: { redy: 1 } } }),
    ['apps[0].environments.staging.redy: unknown key, did you mean "ready"?'],
  ],
  [
    oneApp({ environments: [] }),
    ['apps[0].environments: must be an object of environments, got an empty list'],
  ],
  [
    oneApp({ environments: { staging: { environments: {} } } }),
    ['apps[0].environments.staging.environments: unknown key'],
  ],
  [JSON.parse('{"apps":[{"script":"a.js","__proto__":{"x":1}}]}'), ['apps[0].__proto__: unknown key']],
  [
    {
      apps: [
        { script: 'a', name: 'web' },
        { script: 'b', name: 'web', cwd: 1 },
      ],
    },
    [
      'apps[1].cwd: must be the path of a folder, got 1',
      'apps[1].name: must be unique, "web" is the name of apps[0] too',
    ],
  ],
  [
    [
      { script: 'a', name: 'web' },
      { script: 'b', name: 'web' },
    ],
    ['[1].name: must be unique, "web" is the name of [0] too'],
  ],
]

test('every problem is told with its path, the rule and what was given', () => {
  for (const [data, problems] of table) assert.deepEqual(problemsOf(data), problems)
})

test('names that could be taken for something else are refused', () => {
  for (const [name, problem] of [
    ['', 'must not be empty'],
    [5, 'must be text, got 5'],
    ['a/b', 'must not contain slashes'],
    ['a\\b', 'must not contain slashes'],
    ['../etc', 'must not contain slashes'],
    ['/^web/', 'must not look like a /regular expression/'],
    ['..', 'must not start with a dot or a dash'],
    ['-f', 'must not start with a dot or a dash'],
    ['a\nb', 'must not contain control characters'],
    ['a\u001b[31m', 'must not contain control characters'],
    ['a\u202eb', 'must not contain control characters'],
    ['a\ud800', 'must not contain control characters'],
    [' a', 'must not start or end with a space'],
    ['all', 'must not be "all", which means every app'],
    ['a'.repeat(65), 'must have at most 64 characters, has 65'],
    ['a'.repeat(10_000), 'must have at most 64 characters, has 10000'],
  ] as const) {
    assert.deepEqual(problemsOf(oneApp({ name })), [`apps[0].name: ${problem}`])
  }
  for (const name of ['web', 'a'.repeat(64), 'my app', 'größe', '日本', 'a.b-c_d:e', 'All', '0']) {
    assert.deepEqual(problemsOf(oneApp({ name })), [], name)
  }
})

test('one message counts the problems, and a flood of them is cut', () => {
  const keys = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`unknown${index}`, 1]))
  const problems = problemsOf(oneApp(keys))

  assert.equal(problems.length, 51)
  assert.equal(problems.at(-1), 'and 950 more')
  assert.throws(() => parseConfig(oneApp({ a: 1, b: 2 }), { file, environment: undefined }), {
    message: 'Cannot use /srv/upkeep.config.json: it has 2 problems',
  })
})

test('a value of the environment is never shown', () => {
  const [problem] = problemsOf(oneApp({ env: { TOKEN: 'hunter2\0' } }))

  assert.equal(problem, 'apps[0].env.TOKEN: must not contain a NUL byte')
})

test('a config is an object with apps, a list, or one app', () => {
  const app = { script: 'a.js', name: 'web' }
  for (const data of [{ apps: [app] }, [app], app]) {
    assert.deepEqual(
      parseConfig(data, { file, environment: undefined }).map((parsed) => parsed.app.name),
      ['web'],
    )
  }
})

test('what is left out has its default, and units are gone', () => {
  const [parsed] = parseConfig({ script: 'a.js' }, { file, environment: undefined })

  assert.deepEqual(parsed?.app, {
    script: 'a.js',
    args: [],
    interpreterArgs: [],
    instances: 1,
    balance: 'shared',
    env: {},
    envFile: [],
    ready: { when: 'auto', timeout: 30_000 },
    stop: { signal: 'SIGTERM', timeout: 30_000 },
    reload: { order: 'start-first', parallel: 1 },
    restart: { policy: 'always', backoff: 100, maxBackoff: 30_000, maxRestarts: null, minUptime: 10_000 },
    logs: {
      format: 'plain',
      maxSize: 10_485_760,
      rotate: null,
      keep: 10,
      maxTotal: 1_073_741_824,
      compress: true,
    },
    ulimits: {},
    environments: {},
  })
})

test('short forms stand for the key people mean', () => {
  for (const [short, long] of [
    [{ ready: 'message' }, { ready: { when: 'message' } }],
    [{ stop: '10s' }, { stop: { timeout: '10s' } }],
    [{ stop: 'SIGINT' }, { stop: { signal: 'SIGINT' } }],
    [{ stop: { signal: 'INT' } }, { stop: { signal: 'SIGINT' } }],
    [{ reload: 'stop-first' }, { reload: { order: 'stop-first' } }],
    [{ restart: 'never' }, { restart: { policy: 'never' } }],
    [{ logs: 'json' }, { logs: { format: 'json' } }],
    [{ instances: 'max' }, { instances: 0 }],
    [{ instances: '-1' }, { instances: -1 }],
    [{ args: '--port 1 "a b"' }, { args: ['--port', 1, 'a b'] }],
    [{ envFile: '.env' }, { envFile: ['.env'] }],
    [
      { env: { A: 1, B: true, C: { d: [1] }, D: undefined } },
      { env: { A: '1', B: 'true', C: '{"d":[1]}', D: null } },
    ],
  ] as const) {
    const [one, two] = [short, long].map((keys) =>
      parseConfig(oneApp(keys), { file, environment: undefined }),
    )
    assert.deepEqual(one, two)
  }
})

const WITH_ENVIRONMENTS = {
  apps: [
    {
      script: 'a.js',
      env: { A: 1, B: 2 },
      ready: 'message',
      stop: '10s',
      environments: {
        staging: { instances: 2, env: { B: null, C: 3 }, ready: { timeout: '5s' }, stop: 'SIGINT' },
        production: {},
      },
    },
    { script: 'b.js' },
  ],
}

test('an environment overrides key by key', () => {
  const [a, b] = parseConfig(WITH_ENVIRONMENTS, { file, environment: 'staging' })

  assert.deepEqual(a?.app.env, { A: '1', B: null, C: '3' })
  assert.deepEqual(a?.app.ready, { when: 'message', timeout: 5000 })
  assert.deepEqual(a?.app.stop, { signal: 'SIGINT', timeout: 10_000 })
  assert.equal(a?.app.instances, 2)
  assert.equal(b?.app.script, 'b.js')
})

test('an unknown environment is refused with the known ones', () => {
  assert.throws(() => parseConfig(WITH_ENVIRONMENTS, { file, environment: 'stagng' }), {
    code: 'CONFIG_INVALID',
    message: 'Cannot use environment "stagng" of /srv/upkeep.config.json: it knows "staging", "production"',
    hint: 'Did you mean "staging"?',
  })
  assert.throws(() => parseConfig({ script: 'a.js' }, { file, environment: 'toString' }), {
    message: 'Cannot use environment "toString" of /srv/upkeep.config.json: it names none',
  })
})

test('a function that was told the environment need not name it', () => {
  const parsed = parseConfig({ script: 'a.js' }, { file, environment: 'staging', isComputed: true })

  assert.equal(parsed.length, 1)
})

for (const [key, hint] of [
  ['exec_mode', 'Keys of pm2 have other names here: see docs/guide/from-pm2.md'],
  ['colour', undefined],
] as const) {
  test(`the unknown key ${key} ${hint === undefined ? 'has no hint' : 'is taken for one of pm2'}`, () => {
    assert.throws(
      () => parseConfig(oneApp({ [key]: 'x' }), { file, environment: undefined }),
      (error) => error instanceof Failure && error.hint === hint,
    )
  })
}
