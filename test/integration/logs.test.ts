import assert from 'node:assert/strict'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { testApp } from '../support/package-root.ts'
import { isRoot } from '../support/programs.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { upkeep } from '../support/upkeep.ts'

test('logs shows the last lines of an app, of both streams', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  for (const text of ['one', 'two', 'three']) await app.get(`/log?text=${text}`)
  await app.get('/warn?text=beware')

  const all = await until(async () => {
    const shown = await up.logs('web')
    return shown.includes('beware') && shown
  })

  for (const text of ['one', 'two', 'three']) assert.match(all, new RegExp(text))
  const last = await up.ok('logs', 'web', '-n', '1', '--json')
  assert.equal(last.stdout.trim().split('\n').length, 1)
  const warnings = (await up.ok('logs', 'web', '--stderr')).stdout
  assert.match(warnings, /beware/)
  assert.doesNotMatch(warnings, /three/)
})

test('logs --json is a line per entry', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  await app.get('/log?text=hello')

  const entries = await until(async () => {
    const lines = (await up.ok('logs', 'web', '--json')).stdout.trim().split('\n')
    const all = lines.map((line) => JSON.parse(line))
    return all.some(({ line }) => line === 'hello') && all
  })

  const entry = entries.find(({ line }) => line === 'hello')
  assert.equal(entry.app, 'web')
  assert.equal(entry.instance, 0)
  assert.equal(entry.stream, 'stdout')
  assert.ok(!Number.isNaN(Date.parse(entry.time)))
})

test('logs -f goes on with what is written from now on', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  const { child, output, ended } = up.spawn({}, 'logs', 'web', '-f')
  await until(() => output.stdout.includes('listening on'))

  for (let number = 0; number < 20; number++) await app.get(`/log?text=number-${number}-`)

  await until(() => output.stdout.includes('number-19-'))
  for (let number = 0; number < 20; number++) {
    assert.equal(output.stdout.split(`number-${number}-`).length, 2, `number ${number} once`)
  }
  child.kill('SIGINT')
  await ended
})

test('logs of one instance, and since a time', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 2 })

  const entries = await until(async () => {
    const { stdout } = await up.ok('logs', 'web', '--instance', '1', '--json')
    return (
      stdout.includes('listening') &&
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    )
  })

  assert.deepEqual([...new Set(entries.map(({ instance }) => instance))], [1])
  const recent = await up.ok('logs', 'web', '--since', '1h', '--json')
  assert.match(recent.stdout, /listening/)
  const future = await up.ok('logs', 'web', '--since', new Date(Date.now() + 60_000).toISOString(), '--json')
  assert.equal(future.stdout.trim(), '')
  assert.equal(future.stderr, 'There are no lines of web with --since.\n')
})

test('an app that has written nothing is told as that', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const none = await up.ok('logs')
  assert.deepEqual([none.stdout, none.stderr], ['', 'There are no lines of any app.\n'])
  const app = await running(up, 'http.mjs')
  await until(async () => (await up.logs('web')).match(/listening on/g)?.length === 2)
  await up.ok('flush', 'web')

  const { stdout, stderr } = await up.ok('logs', 'web', '--json')

  assert.deepEqual([stdout, stderr], ['', 'There are no lines of web.\n'])
  await app.get('/log?text=now')
  await until(async () => (await up.logs('web')).includes('now'))
  assert.equal((await up.ok('logs', 'web')).stderr, '')
})

test('an instance that there never was is an error, one that left its lines is not', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 2 })
  await until(async () => (await up.logs('web', '--instance', '1')).includes('listening on'))

  for (const more of [[], ['--follow']]) {
    const { stdout, stderr } = await up.fails(64, 'logs', 'web', '--instance', '9', ...more)
    assert.equal(stdout, '')
    assert.match(stderr, /Cannot show logs of instance 9 of "web": there is no such instance/)
    assert.match(stderr, /There are 2, numbered from 0 to 1/)
  }
  await up.ok('scale', 'web', '1')

  assert.match((await up.ok('logs', 'web', '--instance', '1')).stdout, /listening on/)
  await up.fails(64, 'logs', '--instance', '2')
})

test('flush empties the logs', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  await app.get('/log?text=before')
  await until(async () => (await up.logs('web')).includes('before'))

  await up.ok('flush', 'web')

  assert.doesNotMatch(await up.logs('web'), /before/)
  await app.get('/log?text=after')
  await until(async () => (await up.logs('web')).includes('after'))
})

test('all that a crashing app wrote to stderr is there afterwards', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })

  await app.get('/report').catch(() => 'the app is gone before it answers')

  const shown = await until(
    async () => {
      const { stdout } = await up.ok('logs', 'web', '--stderr', '-n', '5000', '--json')
      const lines = stdout
        .trim()
        .split('\n')
        .map((entry) => JSON.parse(entry).line)
      return lines.length >= 3000 && lines
    },
    { show: () => up.report() },
  )
  assert.deepEqual(
    shown,
    Array.from({ length: 3000 }, (_, index) => `line ${index} of the report`),
  )
})

for (const user of [undefined, 'nobody']) {
  test(`an app may open its output by name: as ${user ?? 'the user of the daemon'}`, async (t) => {
    if (user !== undefined && !isRoot()) return t.skip('only root may run apps as another user')
    const up = upkeep(t)
    chmodSync(up.folder, 0o755)
    const account = user === undefined ? {} : { user, group: 'nogroup' }
    const entry = { name: 'sh', script: testApp('log-opens-stdout.sh'), instances: 2, ...account }

    await up.ok('start', up.config([entry]))

    const shown = await until(async () => {
      const text = await up.logs('sh', '--json')
      return text.trim().split('\n').length >= 4 && text
    })
    const said = shown
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.deepEqual(
      said.map(({ instance, stream, line }) => `${instance} ${stream} ${line}`).sort(),
      [0, 1].flatMap((instance) => [`${instance} stderr an error by name`, `${instance} stdout by name`]),
    )
  })
}

test('logs that cannot be written are told with the app, until they can', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const folder = join(up.home, 'logs', 'web')
  writeFileSync(folder, 'a file where the folder of the logs should be')
  const app = await running(up, 'http.mjs', { instances: 1 })
  await app.get('/log?text=kept-in-the-pipe')
  const told = () => up.app('web').then(({ notes }) => notes.join())

  await until(async () => /Cannot write the logs of "web"/.test(await told()))
  assert.match((await up.ok('show', 'web')).stdout, /Cannot write the logs of "web"/)
  rmSync(folder)

  await until(async () => (await told()) === '', { within: '15s' })
  await until(async () => (await up.logs('web')).includes('kept-in-the-pipe'))
})
