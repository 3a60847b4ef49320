// `upkeep startup` where it may change nothing: what it shows, and what it refuses. With a real systemd: test/system.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, realpathSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cliPath, upkeep } from '../support/upkeep.ts'

for (const [init, file] of [
  ['systemd', '/etc/systemd/system/upkeep.service'],
  ['openrc', '/etc/init.d/upkeep'],
  ['upstart', '/etc/init/upkeep.conf'],
  ['launchd', '/Library/LaunchDaemons/upkeep.plist'],
] as const) {
  test(`startup --init ${init} --dry-run shows the file and the commands, and does nothing`, async (t) => {
    const up = upkeep(t)

    const { stdout, stderr } = await up.ok('startup', '--init', init, '--dry-run')

    assert.match(stdout, new RegExp(`^write ${file}$`, 'm'))
    assert.match(stdout, /^ {2}.*Written by "upkeep startup"/m)
    assert.ok(stdout.includes(`--home ${up.home} daemon stop --keep-workers`), stdout)
    assert.equal(stderr, '')
    assert.match(
      (await up.ok('unstartup', '--init', init, '--dry-run')).stdout,
      new RegExp(`^remove ${file}$`, 'm'),
    )
  })
}

test('the real binary is named, whatever link or shim Node.js was called by', (t) => {
  const up = upkeep(t)
  mkdirSync(join(up.folder, 'shims'))
  const shim = join(up.folder, 'shims', 'node')
  symlinkSync(process.execPath, shim)

  const args = [cliPath, 'startup', '--init', 'systemd', '--dry-run']
  const { stdout } = spawnSync(shim, args, { env: up.env, encoding: 'utf8' })

  assert.match(stdout, new RegExp(`^ {2}ExecStart=.*${realpathSync(process.execPath)} `, 'm'))
  assert.doesNotMatch(stdout, /shims/)
})

for (const [words, status, said] of [
  [['--init', 'runit'], 64, /--init "runit"/],
  [['--init', 'upstart'], 69, /upstart does not run here/],
  [['--init', 'systemd', '--dry-run', '--name', '../x'], 64, /name of a service/],
  [['--init', 'systemd', '--dry-run', '--writable', 'data'], 64, /not an absolute path/],
  [['--init', 'systemd', '--dry-run', '--as', 'no-such-user'], 67, /there is no such user/],
  [['--init', 'systemd', '--dry-run', '--user', '--as', 'daemon'], 64, /run as that user/],
] as const) {
  test(`refused: upkeep startup ${words.join(' ')}`, async (t) => {
    const { stderr } = await upkeep(t).fails(status, 'startup', ...words)

    assert.match(stderr, said)
  })
}

test('folders for apps are added, and low ports', async (t) => {
  const words = ['--writable', '/var/lib/a b', '/mnt/b', '--low-ports', '--dry-run']

  const { stdout } = await upkeep(t).ok(
    'startup',
    '--init',
    'systemd',
    '--as',
    'daemon',
    '--home',
    '/nowhere',
    ...words,
  )

  assert.match(stdout, /^ {2}ReadWritePaths=.* "-\/var\/lib\/a b" -\/mnt\/b$/m)
  assert.match(stdout, /^ {2}AmbientCapabilities=CAP_NET_BIND_SERVICE$/m)
})

test('"daemon wait" ends when the daemon answers', async (t) => {
  const up = upkeep(t)
  const waiting = up.spawn({}, 'daemon', 'wait')
  await up.fails(69, 'daemon', 'status')
  assert.equal(waiting.child.exitCode, null)

  await up.ok('daemon', 'start')

  assert.equal((await waiting.ended).status, 0)
})
