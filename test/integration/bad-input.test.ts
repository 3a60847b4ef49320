// Bad input: one clear answer, the right exit status, and nothing changes.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { freePort } from '../support/free-port.ts'
import { testApp } from '../support/package-root.ts'
import { isRoot } from '../support/programs.ts'
import { get } from '../support/request.ts'
import { running } from '../support/running-app.ts'
import { cliPath, upkeep } from '../support/upkeep.ts'

const run = promisify(execFile)

const HTTP = testApp('http.mjs')

test('a wrong config: every problem at once, with its path and the nearest key, and nothing is started', async (t) => {
  const up = upkeep(t)
  const config = up.config([
    { name: 'web', script: HTTP, instnces: 2, stop: { timeout: 'soon' } },
    { name: 'jobs', script: HTTP, instances: 'many', ready: { wen: 'listening' } },
  ])

  const { stderr } = await up.fails(78, 'start', config)

  assert.match(stderr, /apps\.0\.instnces|apps\[0\]\.instnces/)
  assert.match(stderr, /instances/)
  assert.match(stderr, /stop\.timeout/)
  assert.match(stderr, /soon/)
  assert.match(stderr, /instances.*many|many/)
  assert.match(stderr, /wen/)
  assert.match(stderr, /"when"/)
  assert.deepEqual(await up.list(), [])
})

for (const [what, apps, status, sentence] of [
  ['a script that is not there', [{ name: 'web', script: 'nowhere.mjs' }], 66, /nowhere\.mjs/],
  ['a working folder that is not there', [{ name: 'web', script: HTTP, cwd: 'nowhere' }], 66, /nowhere/],
  [
    'a user nobody knows',
    [{ name: 'web', script: HTTP, user: 'nobody-of-this-name' }],
    67,
    /nobody-of-this-name/,
  ],
  [
    'an interpreter that is not there',
    [{ name: 'web', script: HTTP, interpreter: 'nowhere-js' }],
    66,
    /nowhere-js/,
  ],
  ['a name with a slash', [{ name: 'a/b', script: HTTP }], 78, /slash/],
  ['a name with a control character', [{ name: 'a\u001b[2Jb', script: HTTP }], 78, /control/],
  ['a name of 10,000 characters', [{ name: 'x'.repeat(10_000), script: HTTP }], 78, /64 characters/],
  [
    'a name twice',
    [
      { name: 'web', script: HTTP },
      { name: 'web', script: HTTP },
    ],
    78,
    /unique|twice/,
  ],
  ['no app at all', [], 78, /at least one/],
] as const) {
  test(`refused: ${what}`, async (t) => {
    const up = upkeep(t)

    const { stderr, stdout } = await up.fails(status, 'start', up.config(apps))

    assert.match(stderr, sentence)
    assert.match(stderr, /Cannot/)
    assert.doesNotMatch(stderr + stdout, /\u001b/, 'control characters reach the terminal')
    assert.ok(stderr.length < 3000, `${stderr.length} characters`)
    assert.deepEqual(await up.list(), [])
  })
}

test('refused: a script that may not be read', async (t) => {
  if (isRoot()) {
    // root reads everything; the app's own user does not.
    const up = upkeep(t)
    chmodSync(up.folder, 0o755)
    const script = up.write('secret.mjs', 'setInterval(() => {}, 1000)\n')
    chmodSync(script, 0o600)
    const entry = { name: 'web', script, user: 'nobody', group: 'nogroup', ready: { timeout: '5s' } }

    const result = await up.run('start', up.config([entry]))

    assert.notEqual(result.status, 0)
    assert.match(result.stderr, /secret\.mjs|EACCES|permission/i)
    return
  }
  const up = upkeep(t)
  const script = up.write('secret.mjs', '')
  chmodSync(script, 0o000)
  const { stderr } = await up.fails(77, 'start', script)
  assert.match(stderr, /secret\.mjs/)
})

test('refused: a script with a syntax error, with the place', async (t) => {
  const up = upkeep(t)
  const script = up.write('broken.mjs', 'const port =\nlisten(port\n')

  const result = await up.run('start', script)

  assert.notEqual(result.status, 0)
  assert.match(result.stderr, /SyntaxError/)
  assert.match(result.stderr, /broken\.mjs/)
  assert.deepEqual(await up.list(), [])
})

test('refused: a config that is not JSON, not TypeScript, empty, or not there', async (t) => {
  const up = upkeep(t)

  assert.match(
    (await up.fails(78, 'start', up.write('a.config.json', '{ "apps": [ }'))).stderr,
    /a\.config\.json:1:/,
  )
  assert.match(
    (await up.fails(78, 'start', up.write('b.config.ts', 'export default {{'))).stderr,
    /b\.config\.ts/,
  )
  assert.match((await up.fails(78, 'start', up.write('c.config.json', ''))).stderr, /empty/)
  assert.match((await up.fails(66, 'start', 'd.config.json')).stderr, /d\.config\.json/)
})

test('an app that does not fit does not keep the others from starting with --keep-going', async (t) => {
  const up = upkeep(t)
  const good = { name: 'good', script: HTTP, env: { PORT: String(await freePort()) } }
  const lost = { name: 'lost', script: 'nowhere.mjs' }
  const homeless = { name: 'homeless', script: HTTP, cwd: 'nowhere' }

  const result = await up.run('start', up.config([lost, good, homeless]), '--keep-going')

  assert.notEqual(result.status, 0)
  assert.match(result.stderr, /nowhere\.mjs/)
  assert.match(result.stderr, /homeless/)
  assert.equal((await get(Number(good.env.PORT))).status, 200)
  assert.deepEqual(
    (await up.list()).map(({ name }) => name),
    ['good'],
  )
})

test('nothing of a config is started when a script of it is missing', async (t) => {
  const up = upkeep(t)
  const good = { name: 'good', script: HTTP, env: { PORT: String(await freePort()) } }

  await up.fails(66, 'start', up.config([good, { name: 'lost', script: 'nowhere.mjs' }]))

  assert.deepEqual(await up.list(), [])
})

test('a second daemon in the same home refuses', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const { pid } = await up.daemon()

  const result = await up.fails(69, 'daemon', 'run')

  assert.match(result.stderr + result.stdout + up.report(), /runs there already/)
  assert.equal((await up.daemon()).pid, pid)
})

test('two commands that start the daemon at the same time end up with one', async (t) => {
  const up = upkeep(t)

  const results = await Promise.all([1, 2, 3].map(() => up.run('daemon', 'start')))

  assert.deepEqual(
    results.map(({ status }) => status),
    [0, 0, 0],
    results.map(({ stderr }) => stderr).join(),
  )
})

test('a home that others can write is refused', async (t) => {
  const up = upkeep(t)
  mkdirSync(up.home)
  chmodSync(up.home, 0o777)

  const { stderr } = await up.fails(77, 'start', HTTP)

  assert.match(stderr, /others can write/)
  assert.match(stderr, /chmod 700/)
})

test('home and control socket are for the owner alone', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })

  assert.equal(statSync(up.home).mode & 0o777, 0o700)
  assert.equal(statSync(`${up.home}/upkeep.sock`).mode & 0o777, 0o600)
})

test('a home whose path is too long for a socket is refused', async (t) => {
  const up = upkeep(t)
  const long = `${up.folder}/${'x'.repeat(120)}`

  const result = await up.runWith({ env: { UPKEEP_HOME: long } }, 'start', HTTP)

  assert.equal(result.status, 77)
  assert.match(result.stderr, /too long/)
})

for (const [what, args] of [
  ['an unknown command', ['strat', 'web']],
  ['an unknown option', ['list', '--jsn']],
  ['a missing argument', ['reload']],
] as const) {
  test(`usage: ${what} is 64`, async (t) => {
    const up = upkeep(t)

    const { stderr } = await up.fails(64, ...args)

    if (args[0] === 'strat') assert.match(stderr, /start/)
    assert.doesNotMatch(stderr, /at .*\.js:\d+/, 'a stack for a mistake of the user')
  })
}

test('a state.json that was damaged is set aside, and the last good copy serves', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  await up.ok('daemon', 'stop')
  up.write('home/state.json', '{ "version": 1, "apps": [')

  const result = await up.run('daemon', 'start')

  assert.equal(result.status, 0, result.stderr)
  assert.match(up.report(), /Cannot read state .*last good copy/)
  await up.untilState('web', 'ready')
})

test('a folder that was removed under the shell is no hindrance to what needs none', async (t) => {
  const up = upkeep(t)
  const folder = join(up.folder, 'gone')
  const command = `mkdir ${folder} && cd ${folder} && rmdir ${folder} && exec ${process.execPath} ${cliPath} list`

  const { stdout, stderr } = await run('sh', ['-c', command], { env: up.env })

  assert.match(stdout + stderr, /No daemon runs/)
})
