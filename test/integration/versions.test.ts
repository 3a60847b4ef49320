// CLI, daemon and agents of different versions: each gets a clear answer, and apps go on.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AppStatus } from '../../src/protocol/status.ts'
import { load, NO_OUTCOMES } from '../support/load/load.ts'
import type { OtherVersion } from '../support/other-version.ts'
import { install } from '../support/other-version.ts'
import { isAlive, kill } from '../support/processes.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

const PROTOCOL_MISMATCH = 76

test('a command of a newer protocol says so and how to go on; so does one of an older protocol', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const workers = await up.pids('web')
  const newer = installed(up, { version: '2.0.0', protocol: 2 })

  for (const words of [['list'], ['show', 'web'], ['reload', 'web'], ['logs', '-f'], ['stop', 'all']]) {
    const { status, stderr } = await up.runWith({ cli: newer }, ...words)
    assert.equal(status, PROTOCOL_MISMATCH, stderr)
    assert.match(stderr, /protocol 1, .* 2\n.*upkeep upgrade/)
  }
  assert.match((await up.okWith({ cli: newer }, 'daemon', 'status')).stdout, /Upkeep 0\.1\.0/)
  await up.okWith({ cli: newer }, 'upgrade')
  assert.match((await up.okWith({ cli: newer }, 'daemon', 'status')).stdout, /Upkeep 2\.0\.0/)

  for (const words of [['list'], ['reload', 'web'], ['logs', '-f']]) {
    const { stderr } = await up.fails(PROTOCOL_MISMATCH, ...words)
    assert.match(stderr, /protocol 2, .* 1\n.*Use Upkeep 2\.0\.0/)
  }
  assert.equal((await up.daemon()).version, '2.0.0')
  assert.deepEqual(workers.filter(isAlive), workers)
})

test('a list by a newer version of the same protocol hints at the upgrade, on stderr', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const newer = installed(up, { version: '0.2.0' })

  const { stderr } = await up.okWith({ cli: newer }, 'list')

  assert.match(stderr, /The daemon is Upkeep 0\.1\.0, this is 0\.2\.0\. Replace it with "upkeep upgrade"/)
  assert.equal((await up.ok('list')).stderr, '')
})

test('workers with an older agent that is still understood drain and hand on their sockets', async (t) => {
  const up = upkeep(t)
  const { port } = await running(up, 'http.mjs')
  const workers = await up.pids('web')
  const newer = installed(up, { version: '2.0.0', protocol: 2 })
  const clients = await load(t, { kind: 'get', port })
  await up.okWith({ cli: newer }, 'upgrade')

  await up.okWith({ cli: newer }, 'reload', 'web')
  await clients.answers(100)

  const { outcomes, failures } = await clients.stop()
  assert.deepEqual(outcomes, { ...NO_OUTCOMES, ok: outcomes.ok }, JSON.stringify(failures))
  assert.deepEqual(workers.filter(isAlive), [])
})

test('workers whose agent is not understood are watched by their pid, which show says', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const [victim = 0, other = 0] = await up.pids('web')
  const cli = installed(up, {
    version: '2.0.0',
    protocol: 2,
    changes: [['dist/protocol/version.js', 'OLDEST_AGENT_PROTOCOL = 1', 'OLDEST_AGENT_PROTOCOL = 2']],
  })
  const show = async () => (await up.okWith({ cli }, 'show', 'web')).stdout

  await up.okWith({ cli }, 'upgrade')

  await until(async () => (await show()).match(/watched by its pid alone/g)?.length === 2)
  assert.match(await show(), new RegExp(`the agent of pid ${victim} speaks protocol 1, the daemon 2`))
  kill(victim)
  await until(async () => {
    const { instances } = (await up.okWith({ cli }, 'show', 'web', '--json')).json<AppStatus>()
    return instances.every(({ pid, state }) => pid !== victim && state === 'ready')
  })
  assert.equal((await app.get()).status, 200)
  await up.okWith({ cli }, 'reload', 'web')
  assert.ok(!isAlive(other))
  assert.doesNotMatch(await show(), /watched by its pid alone/)
  assert.equal((await app.get()).status, 200)
})

test('a worker with an agent that is newer than the daemon works; the next reload after the upgrade is clean', async (t) => {
  const up = upkeep(t)
  const folder = join(up.folder, 'package')
  const first = install(folder, { version: '1.0.0' })
  const app = await running(up, 'http.mjs', { name: 'unused', instances: 1 })
  await up.ok('daemon', 'stop')
  await up.okWith({ cli: first }, 'daemon', 'start')
  await up.okWith({ cli: first }, 'start', 'unused')
  const second = install(folder, { version: '2.0.0', protocol: 2 })

  // The daemon is the one before, what it starts has the agent on disk.
  await up.ok('reload', 'unused')

  assert.equal((await app.get()).status, 200)
  assert.match((await up.ok('show', 'unused')).stdout, /the package was replaced by a newer one/)
  await up.okWith({ cli: second }, 'upgrade')
  const { stdout } = await up.okWith({ cli: second }, 'show', 'unused')
  assert.doesNotMatch(stdout, /the package was replaced/)
  assert.equal((await app.get()).status, 200)
})

function installed(up: Upkeep, version: OtherVersion): string {
  return install(join(up.folder, 'other'), version)
}
