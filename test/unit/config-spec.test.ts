import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Failure } from '../../src/base/failure.ts'
import { TIME_LIMITS } from '../../src/config/rules/times.ts'
import { checkSpec } from '../../src/config/spec/check-spec.ts'
import { checkSyntax } from '../../src/config/spec/check-syntax.ts'
import { compareSpecs } from '../../src/config/spec/compare-specs.ts'
import { hideSecrets } from '../../src/config/spec/hide-secrets.ts'
import type { AppSpec } from '../../src/protocol/app-spec.ts'
import { decideRestart } from '../../src/supervisor/instance/restart-policy.ts'

const SPEC: AppSpec = {
  name: 'web',
  script: '/srv/server.js',
  program: '/usr/bin/node',
  programArgs: ['/srv/server.js'],
  args: [],
  cwd: '/srv',
  isNode: true,
  instances: 2,
  balance: 'shared',
  env: { NODE_ENV: 'production', TOKEN: 'hunter2' },
  ready: { when: 'auto', timeoutMs: 30_000 },
  stop: { signal: 'SIGTERM', timeoutMs: 30_000 },
  reload: { order: 'start-first', parallel: 1 },
  restart: { policy: 'always', maxRestarts: null, minUptimeMs: 10_000, backoffMs: 100, maxBackoffMs: 30_000 },
  logs: {
    format: 'plain',
    maxSizeBytes: 10_485_760,
    rotateEveryMs: null,
    keep: 10,
    maxTotalBytes: 1_073_741_824,
    compress: true,
  },
  runAs: null,
  ulimits: {},
}

test('a spec that came from the config area passes as it is', () => {
  assert.deepEqual(checkSpec(SPEC), SPEC)
  const runAs = { user: 'www-data', uid: 33, gid: 33 }
  const full = { ...SPEC, runAs, ulimits: { nofile: 'unlimited', core: 0 }, instances: 1 } as const
  assert.deepEqual(checkSpec(JSON.parse(JSON.stringify(full))), full)
})

test('the daemon refuses a spec with anything wrong in it, and says all of it', () => {
  for (const [value, details] of [
    [null, ['must be an object, got null']],
    [[], ['must be an object, got an empty list']],
    [{ ...SPEC, program: 'node' }, ['program: must be an absolute path, got "node"']],
    [{ ...SPEC, name: '../x' }, ['name: must not contain slashes']],
    [{ ...SPEC, extra: 1 }, ['extra: unknown key']],
    [{ ...SPEC, instances: 1e9 }, ['instances: must be a whole number from 1 to 1000, got 1000000000']],
    [{ ...SPEC, args: [1] }, ['args: must be a list of texts, got a list']],
    [{ ...SPEC, args: ['a\0'] }, ['args: must be a list of texts, got a list']],
    [{ ...SPEC, env: { A: 1 } }, ['env: must be an object of texts, got an object']],
    [{ ...SPEC, env: { 'A=B': 'hush' } }, ['env: must be an object of texts, got an object']],
    [{ ...SPEC, ulimits: { 'n; rm': 1 } }, ['ulimits: must be an object of limits, got an object']],
    [{ ...SPEC, ulimits: { nofile: '1; rm' } }, ['ulimits: must be an object of limits, got an object']],
    [
      { ...SPEC, runAs: { user: 'a', uid: -1 } },
      [
        'runAs.uid: must be a whole number from 0 to 4294967294, got -1',
        'runAs.gid: is missing: must be a whole number from 0 to 4294967294',
      ],
    ],
    [
      { ...SPEC, stop: { signal: 'TERM', timeoutMs: -1, x: 1 }, cwd: undefined },
      [
        'cwd: is missing: must be an absolute path',
        'stop.signal: must be the name of a signal, got "TERM"',
        'stop.timeoutMs: must be milliseconds from 0 to 2073600000, which is 24d, got -1',
        'stop.x: unknown key',
      ],
    ],
  ] as const) {
    assert.throws(
      () => checkSpec(value),
      (error: { code?: string; details?: unknown }) => {
        assert.equal(error.code, 'CONFIG_INVALID')
        assert.deepEqual(error.details, details)
        return true
      },
    )
  }
})

const LONGEST_TIMER_MS = 2 ** 31 - 1

for (const [path, highest, words] of [
  ['ready.timeoutMs', 2_073_600_000, '24d'],
  ['stop.timeoutMs', 2_073_600_000, '24d'],
  ['restart.minUptimeMs', 2_073_600_000, '24d'],
  ['restart.backoffMs', 1_728_000_000, '20d'],
  ['restart.maxBackoffMs', 1_728_000_000, '20d'],
  ['logs.rotateEveryMs', 31_622_400_000, '366d'],
] as const) {
  test(`the daemon refuses a ${path} that no timer can hold, or that would be none`, () => {
    const [section, key] = path.split('.') as ['stop', 'timeoutMs']
    const specWith = (value: number) => ({ ...SPEC, [section]: { ...SPEC[section], [key]: value } })

    checkSpec(specWith(highest))
    for (const value of [highest + 1, ...(path === 'stop.timeoutMs' ? [] : [0])]) {
      assert.throws(
        () => checkSpec(specWith(value)),
        ({ details }: Failure) => {
          assert.match(
            details[0] ?? '',
            new RegExp(`^${path}: must be .* to ${highest}, which is ${words}, got`),
          )
          return true
        },
      )
    }
  })
}

test('the longest wait between restarts fits a timer, also with the part that chance adds', () => {
  const maxBackoffMs = TIME_LIMITS.maxBackoff.maxMs
  const policy = { ...SPEC.restart, backoffMs: maxBackoffMs, maxBackoffMs }

  const { delayMs } = decideRestart({ code: 1, signal: null, readyForMs: null }, 5, policy, () => 1)

  assert.ok(delayMs > maxBackoffMs && delayMs <= LONGEST_TIMER_MS, String(delayMs))
})

test('what has to be done follows from what differs', () => {
  const stopFirst = { ...SPEC, reload: { order: 'stop-first', parallel: 1 } } as const
  for (const [before, after, change, fields] of [
    [SPEC, { ...SPEC }, 'unchanged', []],
    [SPEC, { ...SPEC, instances: 4 }, 'scale', [['instances', '2', '4']]],
    [stopFirst, { ...stopFirst, instances: 4 }, 'scale', [['instances', '2', '4']]],
    [
      SPEC,
      { ...SPEC, instances: 4, args: ['a b', 'c'] },
      'reload',
      [
        ['args', '', '"a b" c'],
        ['instances', '2', '4'],
      ],
    ],
    [SPEC, { ...SPEC, balance: 'spread' }, 'restart', [['balance', 'shared', 'spread']]],
    [SPEC, stopFirst, 'restart', [['reload.order', 'start-first', 'stop-first']]],
    [stopFirst, SPEC, 'reload', [['reload.order', 'stop-first', 'start-first']]],
    [stopFirst, { ...stopFirst, cwd: '/' }, 'restart', [['cwd', '/srv', '/']]],
    [
      SPEC,
      { ...SPEC, stop: { signal: 'SIGINT', timeoutMs: 1500 } },
      'reload',
      [
        ['stop.signal', 'SIGTERM', 'SIGINT'],
        ['stop.timeout', '30s', '1s500ms'],
      ],
    ],
    [
      SPEC,
      { ...SPEC, logs: { ...SPEC.logs, maxSizeBytes: 1024, rotateEveryMs: 3_600_000 } },
      'reload',
      [
        ['logs.maxSize', '10MB', '1KB'],
        ['logs.rotate', 'none', '1h'],
      ],
    ],
    [SPEC, { ...SPEC, ulimits: { nofile: 5 } }, 'reload', [['ulimits.nofile', '', '5']]],
    [
      SPEC,
      { ...SPEC, runAs: { user: 'a', uid: 1, gid: 2 } },
      'reload',
      [
        ['runAs', 'none', ''],
        ['runAs.user', '', 'a'],
        ['runAs.uid', '', '1'],
        ['runAs.gid', '', '2'],
      ],
    ],
    [
      SPEC,
      { ...SPEC, args: ['redis://:hunter2@host', '--token', 'hunter2'] },
      'reload',
      [['args', '', 'redis://:[secret]@host --token [secret]']],
    ],
    [
      SPEC,
      { ...SPEC, env: { NODE_ENV: 'test', NEW: 'hunter2' } },
      'reload',
      [
        ['env.NEW', '', '[set]'],
        ['env.NODE_ENV', '[set]', '[changed]'],
        ['env.TOKEN', '[set]', '[removed]'],
      ],
    ],
  ] as const) {
    assert.deepEqual(compareSpecs(before, after), {
      change,
      fields: fields.map(([path, from, to]) => ({ path, from, to })),
    })
  }
})

test('secrets are hidden unless they are asked for', () => {
  const spec = {
    ...SPEC,
    env: {
      NODE_ENV: 'a',
      PORT: '1',
      HOST: 'h',
      TZ: 'UTC',
      LANG: 'C',
      PATH: '/bin',
      HOME: '/root',
      TOKEN: 'hunter2',
    },
    args: [
      'postgres://ada:hun@ter2@db/x?a=b@c',
      '--url=redis://:hunter2@cache',
      'https://example.com/a:b@c',
      '--api-key=hunter2',
      '--password',
      'hunter2',
      '--token',
      '--verbose',
      'mail@example.com',
    ],
  }

  const hidden = hideSecrets(spec, { show: false })

  assert.deepEqual(hidden.env, {
    NODE_ENV: 'a',
    PORT: '1',
    HOST: 'h',
    TZ: 'UTC',
    LANG: 'C',
    PATH: '/bin',
    HOME: '[secret]',
    TOKEN: '[secret]',
  })
  assert.deepEqual(hidden.args, [
    'postgres://ada:[secret]@db/x?a=b@c',
    '--url=redis://:[secret]@cache',
    'https://example.com/a:b@c',
    '--api-key=[secret]',
    '--password',
    '[secret]',
    '--token',
    '--verbose',
    'mail@example.com',
  ])
  assert.doesNotMatch(JSON.stringify(hidden), /hunter2|ter2/)
  assert.equal(hideSecrets(spec, { show: true }), spec)
})

test('a script that node cannot read is told with its line', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'config-spec-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'good.mjs'), 'import "node:fs"\nawait 1\n')
  writeFileSync(join(folder, 'bad.mjs'), 'const a = 1\nconst b = {\n')
  writeFileSync(join(folder, 'bad.cjs'), 'const a = 1\nconst a = 2\n')
  const specFor = (file: string) => ({ ...SPEC, program: process.execPath, cwd: folder, programArgs: [file] })

  await checkSyntax(specFor('good.mjs'))
  await checkSyntax(specFor(join(folder, 'missing.js')))
  await checkSyntax({ ...specFor('bad.mjs'), isNode: false })
  for (const [file, details] of [
    [
      'bad.cjs',
      [
        `${folder}/bad.cjs:2: SyntaxError: Identifier 'a' has already been declared`,
        'const a = 2',
        '      ^',
      ],
    ],
    ['bad.mjs', [/bad\.mjs:\d: SyntaxError: Unexpected end of input$/]],
  ] as const) {
    await assert.rejects(
      checkSyntax(specFor(file)),
      (error: { code?: string; message: string; details?: string[] }) => {
        assert.equal(error.code, 'SCRIPT_UNREADABLE')
        assert.equal(error.message, `Cannot start app "web": ${folder}/${file} has a syntax error`)
        for (const [index, expected] of details.entries()) {
          const line = error.details?.[index] ?? ''
          if (typeof expected === 'string') assert.equal(line, expected)
          else assert.match(line, expected)
        }
        return true
      },
    )
  }
})
