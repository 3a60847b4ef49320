// What doctor makes of what it sees.
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Finding } from '../../src/cli/doctor/check.ts'
import { checkHome } from '../../src/cli/doctor/daemon-checks.ts'
import { checkNode, checkOpenFiles, checkPrograms } from '../../src/cli/doctor/machine-checks.ts'
import { unitPaths } from '../../src/cli/doctor/unit-paths.ts'
import { quoteCommand } from '../../src/export/systemd/quote.ts'
import { appStatus, exitReport, instanceStatus } from '../support/app-status.ts'
import { upkeepHere } from '../support/command-line.ts'
import { answerJson, controlStub, temporaryFolder } from '../support/control-stub.ts'

for (const [version, verdict] of [
  ['18.20.0', 'problem'],
  ['20.18.3', 'problem'],
  ['20.19.0', 'ok'],
  ['26.10.0', 'ok'],
] as const) {
  test(`Node.js ${version}: ${verdict}`, () => {
    assert.equal(checkNode(version).verdict, verdict)
  })
}

test('programs that are missing are told with what they are for', () => {
  const found = checkPrograms({ PATH: '/nowhere' })

  assert.deepEqual(
    found.map(({ check, verdict }) => [check, verdict]),
    [
      ['mkfifo', 'problem'],
      ['flock', 'warning'],
      ['perl', 'warning'],
      ['prlimit', 'warning'],
    ],
  )
})

test('limits on open files', () => {
  const limits = (hard: string) =>
    `Max open files            1024                 ${hard}               files\n`

  assert.equal(checkOpenFiles(limits('1048576'), '1000\t0\t2000000\n').verdict, 'ok')
  assert.equal(checkOpenFiles(limits('unlimited'), '1000\t0\t2000000\n').verdict, 'ok')
  assert.equal(checkOpenFiles(limits('1024'), '1000\t0\t2000000\n').verdict, 'warning')
  assert.equal(checkOpenFiles(limits('1048576'), '1950\t0\t2000\n').verdict, 'problem')
})

test('a home that others can write is a problem, and so is one that is a file', (t) => {
  const folder = temporaryFolder(t)
  const home = join(folder, 'home')
  mkdirSync(home, { mode: 0o700 })
  writeFileSync(join(folder, 'file'), '')

  assert.equal(checkHome(home).verdict, 'ok')
  chmodSync(home, 0o777)
  assert.match(checkHome(home).hint ?? '', /chmod 700/)
  assert.equal(checkHome(join(folder, 'file')).verdict, 'problem')
  assert.equal(checkHome(join(folder, 'none')).verdict, 'ok')
})

test('the paths of a unit are found through its quoting', () => {
  const node = '/opt/a "b" 100% $x/node'
  const unit = `[Service]\nExecStart=${quoteCommand(['/usr/bin/perl', '/p/bin/notify-socket.pl', node, '--x=1', '/home/u'])}\n`

  assert.deepEqual(unitPaths(unit), ['/usr/bin/perl', '/p/bin/notify-socket.pl', node])
})

for (const [state, verdict] of [
  [undefined, 'ok'],
  ['{"version":2,"apps":[]}', 'ok'],
  ['{"version":2,"apps":[{}]}', 'problem'],
  ['damaged', 'problem'],
] as const) {
  test(`a daemon that does not run beside ${state ?? 'no state'}: ${verdict}`, async (t) => {
    const home = temporaryFolder(t)
    if (state !== undefined) writeFileSync(join(home, 'state.json'), state)

    const { stdout } = await upkeepHere({ home, env: { PATH: process.env.PATH } }, 'doctor', '--json')

    const { findings } = JSON.parse(stdout) as { findings: Finding[] }
    assert.equal(findings.find(({ check }) => check === 'daemon')?.verdict, verdict)
  })
}

test('an app in trouble is a problem, and the status says so', async (t) => {
  const lastExit = { ...exitReport(), reason: 'port 3000 is taken by nginx' }
  const apps = [appStatus({ state: 'failed', instances: [instanceStatus({ lastExit })] })]
  const { home } = await controlStub(
    t,
    answerJson({ apps, pid: 1, protocol: 1, version: '0', node: 'v20.19.0' }),
  )

  const { status, stdout } = await upkeepHere({ home, env: { PATH: process.env.PATH } }, 'doctor', '--json')

  const { findings } = JSON.parse(stdout) as { findings: Finding[] }
  assert.equal(status, 1)
  assert.equal(
    findings.find(({ check }) => check === 'app web')?.text,
    'It is failed: port 3000 is taken by nginx',
  )
})
