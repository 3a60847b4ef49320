// `upkeep startup` on a machine with a real systemd, which is booted, rebooted and told to restart, stop and kill.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { load, NO_OUTCOMES } from '../support/load/load.ts'
import { DEPLOY, MACHINE_CLI, type Machine, machineOrSkip } from '../support/machine.ts'
import {
  answerOf,
  appStarted,
  deploy,
  SHOP_PORT as PORT,
  untilNothingRuns,
  workers,
} from '../support/shop.ts'
import { until } from '../support/until.ts'

test('systemd starts the daemon at boot, replaces it without loss, and stops all', async (t) => {
  const machine = await machineOrSkip(t)
  if (machine === undefined) return
  await appStarted(machine)

  await t.test('a running daemon hands its workers to the unit', async () => {
    const before = await workers(machine)
    await machine.ok(...MACHINE_CLI, 'startup', '--as', DEPLOY)
    assert.deepEqual(await workers(machine), before)
    assert.equal(await daemonPid(machine), await mainPid(machine))
  })

  await t.test('the unit is clean and its sandbox tight', async () => {
    const { stdout, stderr } = await machine.run('systemd-analyze', 'verify', 'upkeep.service')
    assert.equal(stdout + stderr, '')
    await machine.ok('systemd-analyze', 'security', '--threshold=15', '--no-pager', 'upkeep.service')
  })

  await t.test('after a reboot the app answers again', async () => {
    await machine.reboot()
    const answer = await until(() => answerOf(machine), { within: '60s', show: () => machine.journal() })
    assert.equal(answer, 'version 1')
  })

  await t.test(
    'workers are in the sandbox after a reload: they write in the home, and not elsewhere',
    async () => {
      await deploy(machine, ...MACHINE_CLI, 'reload', 'shop')
      const [worker] = await workers(machine)
      const touch = (path: string) => machine.run('nsenter', '-t', String(worker), '-m', 'touch', path)
      assert.deepEqual(await touch('/home/deploy/shop/file'), { status: 0, stdout: '', stderr: '' })
      for (const path of ['/etc/file', '/usr/file', '/var/lib/file'])
        assert.match((await touch(path)).stderr, /Read-only file system/)
    },
  )

  await t.test('"systemctl restart" under load loses nothing and keeps the workers', async (t) => {
    const before = await workers(machine)
    const clients = await load(t, { kind: 'connection', port: PORT, clients: 10 }, machine.inNetwork)
    const keepAlive = await load(t, { kind: 'post', port: PORT, clients: 10 }, machine.inNetwork)
    for (let round = 0; round < 3; round++) {
      const pid = await mainPid(machine)
      await machine.ok('systemctl', 'restart', 'upkeep')
      assert.notEqual(await mainPid(machine), pid)
      await Promise.all([clients.answers(50), keepAlive.answers(50)])
    }
    assert.deepEqual(await workers(machine), before)
    for (const each of [clients, keepAlive]) {
      const { outcomes, failures } = await each.stop()
      assert.deepEqual(outcomes, { ...NO_OUTCOMES, ok: outcomes.ok }, JSON.stringify(failures))
    }
  })

  await t.test('a killed daemon comes back and finds its workers', async () => {
    const before = await workers(machine)
    const pid = await mainPid(machine)
    await machine.ok('kill', '-KILL', pid)
    await untilReplaced(machine, pid)
    assert.deepEqual(await workers(machine), before)
  })

  await t.test('a daemon that hangs is killed by the watchdog, and apps go on', async () => {
    await machine.ok('mkdir', '-p', '/run/systemd/system/upkeep.service.d')
    await machine.ok(
      'sh',
      '-c',
      'printf "[Service]\\nWatchdogSec=2s\\n" > /run/systemd/system/upkeep.service.d/fast.conf',
    )
    await machine.ok('systemctl', 'daemon-reload')
    await machine.ok('systemctl', 'restart', 'upkeep')
    const before = await workers(machine)
    const pid = await mainPid(machine)
    const lastBeat = () => machine.ok('systemctl', 'show', '--property=WatchdogTimestampMonotonic', 'upkeep')
    const first = await lastBeat()
    await until(async () => (await lastBeat()) !== first, { show: () => machine.journal() })
    await machine.ok('kill', '-STOP', pid)
    assert.equal(await answerOf(machine), 'version 1')
    await untilReplaced(machine, pid)
    assert.deepEqual(await workers(machine), before)
    assert.match(await machine.journal(), /Watchdog timeout/)
  })

  await t.test('"systemctl stop" ends the apps and everything they left', async () => {
    await machine.ok('systemctl', 'stop', 'upkeep')
    await untilNothingRuns(machine)
  })

  await t.test('"systemctl stop" ends the apps also when the daemon hangs', async () => {
    await machine.ok('systemctl', 'start', 'upkeep')
    await until(() => answerOf(machine))
    await machine.ok('kill', '-STOP', await mainPid(machine))
    await machine.ok('systemctl', 'stop', 'upkeep')
    await untilNothingRuns(machine)
  })

  await t.test('"unstartup" leaves the apps running, and nothing of the unit', async () => {
    await machine.ok('systemctl', 'start', 'upkeep')
    await until(() => answerOf(machine))
    const before = await workers(machine)
    await machine.ok(...MACHINE_CLI, 'unstartup', '--as', DEPLOY)
    assert.deepEqual(await workers(machine), before)
    assert.equal(await machine.ok('find', '/etc/systemd', '/run/systemd/system', '-name', 'upkeep*'), '')
  })
})

async function daemonPid(machine: Machine): Promise<string> {
  const { pid } = JSON.parse(await deploy(machine, ...MACHINE_CLI, 'daemon', 'status', '--json')) as {
    pid: number
  }
  return String(pid)
}

async function mainPid(machine: Machine): Promise<string> {
  return (await machine.ok('systemctl', 'show', '--property=MainPID', '--value', 'upkeep')).trim()
}

async function untilReplaced(machine: Machine, pid: string): Promise<void> {
  const isReplaced = async () =>
    !['0', pid].includes(await mainPid(machine)) && (await daemonPid(machine)) !== pid
  await until(isReplaced, { within: '60s', show: () => machine.journal() })
}
