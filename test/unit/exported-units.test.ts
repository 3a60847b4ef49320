// The units that run an app without a daemon.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AppUnitOptions, renderAppUnits } from '../../src/export/systemd/app-units.ts'
import { quoteVariable } from '../../src/export/systemd/quote.ts'
import type { AppSpec } from '../../src/protocol/app-spec.ts'

const SPEC: AppSpec = {
  name: 'web',
  script: '/srv/web/server.js',
  program: '/usr/bin/node',
  programArgs: ['--enable-source-maps', '/srv/web/server.js'],
  args: ['--title', 'a $5 "50%" deal'],
  cwd: '/srv/web',
  isNode: true,
  instances: 2,
  balance: 'shared',
  env: { PORT: '3000', TOKEN: 's3cret', HOME: '/home/me', SSH_TTY: '/dev/pts/1' },
  ready: { when: 'auto', timeoutMs: 30_000 },
  stop: { signal: 'SIGINT', timeoutMs: 90_000 },
  reload: { order: 'start-first', parallel: 1 },
  restart: {
    policy: 'on-failure',
    maxRestarts: null,
    minUptimeMs: 1000,
    backoffMs: 100,
    maxBackoffMs: 15_000,
  },
  logs: {
    format: 'plain',
    maxSizeBytes: 1,
    rotateEveryMs: null,
    keep: 1,
    maxTotalBytes: 1,
    compress: false,
  },
  runAs: null,
  ulimits: { nofile: 1000, core: 'unlimited' },
}

const OPTIONS = { user: 'deploy', preload: 'preload', realPath: (path: string) => path }

function files(
  changed: Partial<AppSpec> = {},
  options: Partial<AppUnitOptions> = {},
): Record<string, string> {
  const rendered = renderAppUnits({ ...SPEC, ...changed }, { ...OPTIONS, ...options })
  return Object.fromEntries(rendered.map(({ path, text }) => [path, text]))
}

test('an app becomes a template, a target, a socket, an environment and a preload', () => {
  const rendered = renderAppUnits(SPEC, OPTIONS)

  assert.deepEqual(
    rendered.map(({ path, mode }) => `${path} ${mode.toString(8)}`),
    [
      '/etc/systemd/system/web@.service 644',
      '/etc/systemd/system/web.target 644',
      '/etc/systemd/system/web.socket 644',
      '/etc/upkeep/web.env 600',
      '/etc/upkeep/web.listen.cjs 644',
    ],
  )
})

test('the template translates what the config says', () => {
  const unit = files()['/etc/systemd/system/web@.service'] ?? ''

  for (const line of [
    'User=deploy',
    'WorkingDirectory=/srv/web',
    'EnvironmentFile=/etc/upkeep/web.env',
    'Sockets=web.socket',
    'Restart=on-failure',
    'RestartSec=100ms',
    'StartLimitIntervalSec=0',
    'KillSignal=SIGINT',
    'TimeoutStopSec=1min30s',
    'LimitNOFILE=1000',
    'LimitCORE=infinity',
    'PrivateTmp=yes',
    'ReadWritePaths=-/srv/web',
  ])
    assert.ok(unit.includes(`\n${line}\n`), `${line} is not in\n${unit}`)
  assert.match(
    unit,
    /^ExecStart=\/usr\/bin\/node --require=\/etc\/upkeep\/web.listen.cjs --enable-source-maps \/srv\/web\/server.js --title "a \$\$5 \\"50%%\\" deal"$/m,
  )
})

test('no unit has the environment, and the environment nothing of the session', () => {
  const { '/etc/upkeep/web.env': env, ...others } = files()

  assert.equal(env, 'PORT="3000"\nTOKEN="s3cret"\n')
  assert.doesNotMatch(Object.values(others).join(), /s3cret/)
})

test('all instances are wanted, and connections wait in the socket', () => {
  const { '/etc/systemd/system/web.target': target = '', '/etc/systemd/system/web.socket': socket = '' } =
    files()

  assert.match(target, /^Wants=web@0.service web@1.service web.socket$/m)
  assert.match(
    socket,
    /^ListenStream=3000\nBacklog=511\nService=web@0.service\nFileDescriptorName=port-3000$/m,
  )
})

test('the socket is on the host that the environment names', () => {
  const stream = (HOST: string) =>
    /^ListenStream=(.*)$/m.exec(
      files({ env: { PORT: '80', HOST } })['/etc/systemd/system/web.socket'] ?? '',
    )?.[1]

  assert.equal(stream('127.0.0.1'), '127.0.0.1:80')
  assert.equal(stream('::1'), '[::1]:80')
  assert.equal(stream('localhost'), '80')
})

test('without a known port, and for what is not Node.js, there is no socket', () => {
  for (const changed of [{ env: {} }, { env: { PORT: 'pipe' } }, { isNode: false }])
    assert.deepEqual(Object.keys(files(changed)), [
      '/etc/systemd/system/web@.service',
      '/etc/systemd/system/web.target',
      '/etc/upkeep/web.env',
    ])
})

test('a bound on restarts is a bound on starts within the time they take', () => {
  const unit =
    files({ restart: { ...SPEC.restart, maxRestarts: 4 } })['/etc/systemd/system/web@.service'] ?? ''

  assert.match(unit, /^StartLimitIntervalSec=5s500ms\nStartLimitBurst=5$/m)
})

test('an app in a home sees that home, read-only but for its own folder', () => {
  const inHome = {
    cwd: '/home/me/web',
    program: '/home/me/.nvm/node',
    script: '/home/me/web/a.js',
    programArgs: [],
  }
  const unit = files(inHome)['/etc/systemd/system/web@.service'] ?? ''

  assert.match(unit, /^ProtectHome=tmpfs\nBindReadOnlyPaths=-\/home\/me\nBindPaths=-\/home\/me\/web$/m)
})

test('a home that only an option or an argument names is seen too', () => {
  const unit =
    files({
      programArgs: ['--import=file:///home/me/trace.mjs', '/srv/web/server.js'],
      args: ['--config=/root/web.json', '/no/home'],
    })['/etc/systemd/system/web@.service'] ?? ''

  assert.match(unit, /^ProtectHome=tmpfs\nBindReadOnlyPaths=-\/home\/me\nBindReadOnlyPaths=-\/root$/m)
})

test('what leads into a home by a link is seen, and the folder of the app can be written there', () => {
  const links: Record<string, string> = { '/srv/web': '/home/me/web', '/usr/bin/node': '/root/.nvm/bin/node' }
  const realPath = (path: string) => links[path] ?? path
  const unit = files({}, { realPath })['/etc/systemd/system/web@.service'] ?? ''

  assert.match(
    unit,
    /^ReadWritePaths=-\/srv\/web -\/home\/me\/web\nProtectHome=tmpfs\nBindReadOnlyPaths=-\/home\/me\nBindReadOnlyPaths=-\/root\nBindPaths=-\/home\/me\/web$/m,
  )
})

test('an app as root has no capability, but for low ports where systemd does not open them', () => {
  const tight = files({}, { user: null })['/etc/systemd/system/web@.service'] ?? ''
  const binding = files({ env: {} }, { user: null })['/etc/systemd/system/web@.service'] ?? ''

  assert.match(tight, /^CapabilityBoundingSet=\nPrivateTmp=yes\nPrivateUsers=yes$/m)
  assert.match(binding, /^CapabilityBoundingSet=CAP_NET_BIND_SERVICE\nPrivateTmp=yes\nPrivateUsers=no$/m)
  for (const unit of [tight, binding]) assert.doesNotMatch(unit, /^User=/m)
})

test('a name with characters that units do not know', () => {
  assert.ok('/etc/systemd/system/my-app--1.target' in files({ name: 'my app @1' }))
})

test('values are quoted as systemd reads an EnvironmentFile', () => {
  assert.equal(quoteVariable('A', 'a "b" $c `d` \\e\n100%'), 'A="a \\"b\\" \\$c \\`d\\` \\\\e\n100%"')
  assert.throws(() => quoteVariable('A', 'a\0b'), { code: 'USAGE' })
})

test('a percent sign in a name is no specifier', () => {
  const [unit = ''] = Object.values(files({ name: 'n%i m' }))

  assert.match(unit, /^Description=n%%i m, instance %i$/m)
})

test('a folder that would join the next line to its own is refused', () => {
  assert.throws(() => files({ cwd: '/srv/web\\' }), /ends with a backslash/)
})
