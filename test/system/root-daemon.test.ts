// A daemon of root, in the sandbox that lets it do what it is for and no more; and one of a user that may open low ports.
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { AppStatus } from '../../src/protocol/status.ts'
import { DEPLOY, MACHINE_CLI, MACHINE_NODE, type Machine, machineOrSkip } from '../support/machine.ts'
import { testApp } from '../support/package-root.ts'
import { asDeploy } from '../support/shop.ts'
import { until } from '../support/until.ts'

const FOLDER = '/srv/shop'

test('a daemon of root runs apps as others, with their limits, and as root on low ports, in its sandbox', async (t) => {
  const machine = await machineOrSkip(t)
  if (machine === undefined) return
  await machine.ok(...MACHINE_CLI, 'startup')
  const others = { user: DEPLOY, group: DEPLOY, ulimits: { nofile: 1000 }, env: { PORT: 3000 } }
  await started(
    machine,
    [],
    [
      { name: 'shop', ...others },
      { name: 'edge', env: { PORT: 80 } },
    ],
  )

  await t.test('its sandbox is as tight as is known to be possible', async () => {
    await machine.ok('systemd-analyze', 'security', '--threshold=31', '--no-pager', 'upkeep.service')
  })

  await t.test('a worker is that user, has the limit, and both answer', async () => {
    const [, worker = 0] = await workers(machine, [])
    const status = await machine.ok('cat', `/proc/${worker}/status`, `/proc/${worker}/limits`)
    assert.match(status, /^Uid:\t4711\t4711\t4711\t4711$/m)
    assert.match(status, /^Seccomp:\t2$/m)
    assert.match(status, /^Max open files +1000 +1000 /m)
    await untilAnswered(machine, ':80/')
  })

  await t.test(
    'the next daemon finds the workers and their logs, also those that it was not told of',
    async () => {
      const before = await workers(machine, [])
      await machine.ok('systemctl', 'restart', 'upkeep')
      assert.deepEqual(await workers(machine, []), before)
      const pid = (await machine.ok('systemctl', 'show', '--property=MainPID', '--value', 'upkeep')).trim()
      await machine.ok('sh', '-c', `kill -KILL ${pid} && rm -f /root/.upkeep/run/*.out`)
      assert.deepEqual(await workers(machine, []), before)
      await untilAnswered(machine, ':3000/log?text=after-the-death')
      await until(async () =>
        (await machine.ok(...MACHINE_CLI, 'logs', 'shop', '-n', '1000')).includes('after-the-death'),
      )
    },
  )

  await t.test('a stop of the unit ends the workers of others too', async () => {
    const before = await workers(machine, [])
    await machine.ok('systemctl', 'stop', 'upkeep')
    for (const pid of before) assert.notEqual((await machine.run('test', '-d', `/proc/${pid}`)).status, 0)
  })
})

test('with --low-ports a daemon of a user serves on port 80', async (t) => {
  const machine = await machineOrSkip(t)
  if (machine === undefined) return
  await machine.ok(...MACHINE_CLI, 'startup', '--as', DEPLOY, '--low-ports')

  await started(machine, asDeploy(), [{ name: 'edge', instances: 2, env: { PORT: 80 } }])

  await untilAnswered(machine, ':80/')
  await machine.ok('systemd-analyze', 'security', '--threshold=17', '--no-pager', 'upkeep.service')
})

async function started(machine: Machine, as: readonly string[], wanted: readonly object[]): Promise<void> {
  mkdirSync(machine.path(FOLDER))
  copyFileSync(testApp('http.mjs'), machine.path(`${FOLDER}/http.mjs`))
  const apps = wanted.map((app) => ({ script: 'http.mjs', ...app }))
  writeFileSync(machine.path(`${FOLDER}/upkeep.config.json`), JSON.stringify({ apps }))
  await machine.ok('chown', '-R', `${DEPLOY}:`, FOLDER)
  await machine.ok(...as, ...MACHINE_CLI, 'start', `${FOLDER}/upkeep.config.json`)
}

/** The pids, as soon as all are ready. */
async function workers(machine: Machine, as: readonly string[]): Promise<number[]> {
  const ready = await until(
    async () => {
      const { apps } = JSON.parse(await machine.ok(...as, ...MACHINE_CLI, 'list', '--json')) as {
        apps: AppStatus[]
      }
      const instances = apps.flatMap((app) => app.instances)
      return instances.length === 2 && instances.every(({ state }) => state === 'ready') && instances
    },
    { within: '60s', show: () => machine.journal() },
  )
  return ready.flatMap(({ pid }) => pid ?? [])
}

async function untilAnswered(machine: Machine, where: string): Promise<void> {
  const program = `fetch('http://127.0.0.1${where}').then((r) => r.ok || process.exit(1))`
  await until(async () => (await machine.run(MACHINE_NODE, '-e', program)).status === 0, {
    within: '60s',
    show: () => machine.journal(),
  })
}
