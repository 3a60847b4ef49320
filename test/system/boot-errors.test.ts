// What `startup` refuses, what `doctor` finds, and the user's own service manager, on a machine with a real systemd.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Finding } from '../../src/cli/doctor/check.ts'
import { DEPLOY, MACHINE_CLI, MACHINE_NODE, type Machine, machineOrSkip } from '../support/machine.ts'
import { answerOf, appStarted, asDeploy, deploy, untilNothingRuns, workers } from '../support/shop.ts'
import { until } from '../support/until.ts'

const UNIT = '/etc/systemd/system/upkeep.service'
const STARTUP = [...MACHINE_CLI, 'startup']

test('startup refuses what would do harm, and doctor says what is wrong', async (t) => {
  const machine = await machineOrSkip(t)
  if (machine === undefined) return
  await appStarted(machine)

  await t.test('without root it says how to have it', async () => {
    const { status, stderr } = await machine.run(...asDeploy(...STARTUP))
    assert.equal(status, 77)
    assert.match(
      stderr,
      new RegExp(
        `Run: sudo ${MACHINE_NODE} /opt/upkeep/dist/cli/main.js --home /home/deploy/.upkeep startup`,
      ),
    )
  })

  await t.test("a stranger's unit is left alone", async () => {
    writeFileSync(machine.path(UNIT), '[Service]\nExecStart=/bin/true\n')
    for (const command of ['startup', 'unstartup']) {
      const { status, stderr } = await machine.run(...MACHINE_CLI, command, '--as', DEPLOY)
      assert.equal(status, 73, stderr)
      assert.match(stderr, /it is there, and not of "upkeep startup"/)
    }
    assert.equal(readFileSync(machine.path(UNIT), 'utf8'), '[Service]\nExecStart=/bin/true\n')
    await machine.ok('rm', UNIT)
  })

  await t.test('a home of somebody else is refused', async () => {
    await machine.ok('mkdir', '/root/home')
    const { status, stderr } = await machine.run(...STARTUP, '--as', DEPLOY, '--home', '/root/home')
    assert.equal(status, 77)
    assert.match(stderr, /belongs to user 0/)
  })

  await t.test('before startup doctor warns, after it all is well, and twice is as once', async () => {
    assert.match(await verdictOn(machine, 'boot', 0), /^warning Nothing starts this daemon after a reboot/)
    await machine.ok(...STARTUP, '--as', DEPLOY)
    const [before, text] = [await workers(machine), readFileSync(machine.path(UNIT), 'utf8')]
    await machine.ok(...STARTUP, '--as', DEPLOY)
    assert.equal(readFileSync(machine.path(UNIT), 'utf8'), text)
    assert.deepEqual(await workers(machine), before)
    assert.match(await verdictOn(machine, 'boot', 0), /^ok /)
  })

  await t.test('the unit of another home is not replaced', async () => {
    const { status, stderr } = await machine.run(...STARTUP, '--as', DEPLOY, '--home', '/home/deploy/second')
    assert.equal(status, 73)
    assert.match(stderr, /--name/)
  })

  await t.test('doctor says when the unit is disabled, and when its Node.js is gone', async () => {
    await machine.ok('systemctl', 'disable', 'upkeep')
    assert.match(
      await verdictOn(machine, 'boot', 1),
      /^problem upkeep.service is disabled .*systemctl enable/,
    )
    await machine.ok('sed', '-i', `s#${MACHINE_NODE}#/opt/gone/bin/node#g`, UNIT)
    assert.match(
      await verdictOn(machine, 'boot', 1),
      /^problem .* starts \/opt\/gone\/bin\/node, which is gone/,
    )
  })

  await t.test('doctor says when the daemon does not run', async () => {
    assert.match(await verdictOn(machine, 'daemon', 1), /^ok /)
    await machine.ok('systemctl', 'stop', 'upkeep')
    assert.match(await verdictOn(machine, 'daemon', 1), /^problem It does not run/)
  })
})

test("in the user's own service manager the daemon needs no root", async (t) => {
  const machine = await machineOrSkip(t)
  if (machine === undefined) return
  await machine.ok('loginctl', 'enable-linger', DEPLOY)
  await until(() => machine.ok('systemctl', 'is-active', 'user@4711'), {
    within: '60s',
    show: () => machine.journal(),
  })
  await appStarted(machine)
  const before = await workers(machine)

  await deploy(machine, ...STARTUP, '--user')
  await deploy(machine, 'systemctl', '--user', 'restart', 'upkeep')
  assert.deepEqual(await workers(machine), before)
  assert.match(await verdictOn(machine, 'linger', 0), /^ok /)

  const unit = '/home/deploy/.config/systemd/user/upkeep.service'
  await machine.ok('systemd-analyze', 'security', '--offline=yes', '--threshold=62', '--no-pager', unit)

  await machine.reboot()
  await until(() => answerOf(machine), { within: '60s', show: () => machine.journal() })
  await deploy(machine, 'systemctl', '--user', 'stop', 'upkeep')
  await untilNothingRuns(machine)
})

test('without perl the unit waits for the daemon, and a restart keeps the workers', async (t) => {
  const machine = await machineOrSkip(t)
  if (machine === undefined) return
  await machine.ok('mv', '/usr/bin/perl', '/usr/bin/perl.away')
  await appStarted(machine)
  const before = await workers(machine)

  await machine.ok(...STARTUP, '--as', DEPLOY)
  await deploy(machine, ...MACHINE_CLI, 'daemon', 'status')
  await machine.ok('systemctl', 'restart', 'upkeep')
  await deploy(machine, ...MACHINE_CLI, 'daemon', 'status')

  assert.deepEqual(await workers(machine), before)
  assert.match(await machine.ok('systemctl', 'cat', 'upkeep'), /^Type=exec$/m)
})

/** What doctor finds, when it ends with this status. */
async function verdictOn(machine: Machine, check: string, expected: number): Promise<string> {
  const { status, stdout, stderr } = await machine.run(...asDeploy(...MACHINE_CLI, 'doctor', '--json'))
  assert.equal(status, expected, stdout + stderr)
  const { findings } = JSON.parse(stdout) as { findings: Finding[] }
  const found = findings.find((finding) => finding.check === check)
  return `${found?.verdict} ${found?.text} ${found?.hint}`
}
