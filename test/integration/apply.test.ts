// A config says how things are to be; starting from it makes them so.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SpecChange } from '../../src/protocol/control.ts'
import { freePort } from '../support/free-port.ts'
import { testApp } from '../support/package-root.ts'
import { get } from '../support/request.ts'
import { appOf, running } from '../support/running-app.ts'
import { upkeep } from '../support/upkeep.ts'

test('what is the same is left alone', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const before = await up.pids('web')

  const result = await up.ok('start', app.configure({}))

  assert.deepEqual(await up.pids('web'), before)
  assert.match(result.stdout + result.stderr, /unchanged/)
})

test('what changed is reloaded, without a gap', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { env: { VERSION: 'old' } })
  const before = await up.pids('web')

  const result = await up.ok('start', app.configure({ env: { VERSION: 'new' } }))

  assert.match(result.stdout + result.stderr, /reloaded/)
  assert.equal((await app.who()).version, 'new')
  assert.deepEqual(
    (await up.pids('web')).filter((pid) => before.includes(pid)),
    [],
  )
})

test('another number of instances leaves the workers that stay alone', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 2 })
  const before = await up.pids('web')

  await up.ok('start', app.configure({ instances: 3 }))

  const after = await up.pids('web')
  assert.deepEqual(after.slice(0, 2), before)
  assert.equal(after.length, 3)
})

test('what a reload cannot change is restarted, and said so', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { balance: 'shared' })

  const result = await up.ok('start', app.configure({ balance: 'own' }))

  assert.match(result.stdout + result.stderr, /restarted/)
  assert.equal((await app.get()).status, 200)
  assert.equal((await get(app.port + 1)).status, 200)
})

test('what left env leaves the app', async (t) => {
  const up = upkeep(t)
  const app = await appOf(up, 'http.mjs')
  await up.okWith(
    { env: { SHELL_ONLY: 'x' } },
    'start',
    app.configure({ env: { OLD_SECRET: 'a', KEPT: 'b' } }),
  )
  assert.equal((await app.who('/env')).env.OLD_SECRET, 'a')

  await up.ok('start', app.configure({ env: { KEPT: 'b' } }))

  const { env } = await app.who('/env')
  assert.equal(env.OLD_SECRET, undefined)
  assert.equal(env.KEPT, 'b')
  assert.equal(env.SHELL_ONLY, undefined)
})

test('--prune removes what the file no longer names, and nothing else', async (t) => {
  const up = upkeep(t)
  const [web, jobs] = [await entry('web'), await entry('jobs')]
  await up.ok('start', up.config([web, jobs]))
  await up.ok('start', up.config([await entry('other')], 'other.config.json'))

  const kept = await up.ok('start', up.config([web]))
  assert.deepEqual(await names(up), ['jobs', 'other', 'web'])
  assert.match(kept.stdout + kept.stderr, /jobs.*the config no longer names it; "--prune" would delete it/)
  assert.doesNotMatch(kept.stdout + kept.stderr, /other/)

  await up.ok('start', up.config([web]), '--prune')
  assert.deepEqual(await names(up), ['other', 'web'])
})

test('diff shows what a start would do, and does nothing', async (t) => {
  const up = upkeep(t)
  const [web, jobs, same] = [await entry('web'), await entry('jobs'), await entry('same')]
  await up.ok('start', up.config([web, jobs, same]))
  const pids = await up.pids('web')
  const changed = { ...web, env: { ...web.env, PASSWORD: 'hunter2hunter2' } }
  const config = up.config([changed, same, await entry('fresh')])

  const [text, json] = [
    await up.ok('diff', config, '--prune'),
    await up.ok('diff', config, '--prune', '--json'),
  ]

  const { changes } = json.json<{ changes: SpecChange[] }>()
  assert.deepEqual(Object.fromEntries(changes.map(({ app, change }) => [app, change])), {
    web: 'reload',
    same: 'unchanged',
    fresh: 'start',
    jobs: 'delete',
  })
  assert.match(text.stdout, /PASSWORD/)
  assert.doesNotMatch(text.stdout + json.stdout, /hunter2/)
  assert.deepEqual(await up.pids('web'), pids)
  assert.deepEqual(await names(up), ['jobs', 'same', 'web'])
})

test('when one app of a config cannot start, nothing changes', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { name: 'web', env: { VERSION: 'old' } })
  const pids = await up.pids('web')
  const broken = { name: 'broken', script: testApp('throws-at-boot.mjs') }
  const changedWeb = { ...(await entry('web')), env: { PORT: String(app.port), VERSION: 'new' } }

  const result = await up.run('start', up.config([changedWeb, await entry('fresh'), broken]))

  assert.notEqual(result.status, 0)
  assert.match(result.stderr, /no database here/)
  assert.deepEqual(await names(up), ['web'])
  assert.equal((await app.who()).version, 'old')
  assert.equal((await up.pids('web')).length, pids.length)
})

test('--keep-going starts the rest all the same', async (t) => {
  const up = upkeep(t)
  const broken = { name: 'broken', script: testApp('throws-at-boot.mjs') }
  const [first, last] = [await entry('first'), await entry('last')]

  const result = await up.run('start', up.config([first, broken, last]), '--keep-going')

  assert.notEqual(result.status, 0)
  assert.match(result.stderr, /no database here/)
  for (const { env } of [first, last]) assert.equal((await get(Number(env.PORT))).status, 200)
})

for (const [form, extension, content] of [
  [
    'TypeScript',
    'config.ts',
    (app: string) => `const app: object = ${app}\nexport default { apps: [app] }\n`,
  ],
  ['an ES module', 'config.mjs', (app: string) => `export default { apps: [${app}] }\n`],
  ['CommonJS', 'config.cjs', (app: string) => `module.exports = { apps: [${app}] }\n`],
  ['YAML', 'config.yaml', (app: string) => `apps:\n  - ${app}\n`],
  [
    'defineConfig',
    'config.ts',
    (app: string) =>
      `import { defineConfig } from 'upkeep'\nexport default defineConfig({ apps: [${app}] })\n`,
  ],
] as const) {
  test(`a config may be ${form}`, async (t) => {
    const up = upkeep(t)
    const { env, ...app } = await entry('web')
    const path = up.write(`upkeep.${extension}`, content(JSON.stringify({ ...app, env })))

    await up.ok('start', path)

    assert.equal((await get(Number(env.PORT))).status, 200)
  })
}

test('without an argument the config of the working folder is started', async (t) => {
  const up = upkeep(t)
  const app = await entry('web')
  up.config([app])

  await up.ok('start')

  assert.equal((await get(Number(app.env.PORT))).status, 200)
})

async function entry(name: string) {
  const env = { PORT: String(await freePort()) }
  return { name, script: testApp('http.mjs'), instances: 1, env }
}

async function names(up: ReturnType<typeof upkeep>): Promise<string[]> {
  return (await up.list()).map(({ name }) => name).sort()
}
