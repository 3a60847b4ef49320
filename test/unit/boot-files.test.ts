// The files that make an init system start the daemon, as they are written.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BootService } from '../../src/export/boot-service.ts'
import { renderLaunchd } from '../../src/export/launchd.ts'
import { renderOpenrc } from '../../src/export/openrc.ts'
import { renderDaemonUnit } from '../../src/export/systemd/daemon-unit.ts'
import { renderUpstart } from '../../src/export/upstart.ts'

const SERVICE: BootService = {
  name: 'upkeep',
  account: { name: 'deploy', uid: 1000, home: '/home/deploy' },
  home: '/home/deploy/.upkeep',
  node: '/usr/bin/node',
  args: ['/opt/upkeep/dist/daemon/main.js', '/home/deploy/.upkeep'],
  packageFolder: '/opt/upkeep',
  path: '/usr/bin:/bin',
  perl: '/usr/bin/perl',
  writable: ['/tmp', '/srv'],
  hasLowPorts: false,
}

test('the unit of a daemon', () => {
  assert.equal(
    renderDaemonUnit(SERVICE),
    `# Written by "upkeep startup", which replaces it. Changes belong into: systemctl edit upkeep
# Home: "/home/deploy/.upkeep"

[Unit]
Description=Upkeep, which runs Node.js apps
Documentation=man:systemd.service(5)
After=network-online.target
Wants=network-online.target
RequiresMountsFor=/home/deploy/.upkeep /usr/bin/node /opt/upkeep
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
User=deploy
ExecStart=/usr/bin/perl /opt/upkeep/bin/notify-socket.pl /usr/bin/node /opt/upkeep/dist/daemon/main.js /home/deploy/.upkeep
Restart=always
RestartSec=1s
TimeoutStartSec=2min
SyslogIdentifier=upkeep
WatchdogSec=30s
WatchdogSignal=SIGKILL
Environment="PATH=/usr/bin:/bin"
# A restart keeps the workers, a stop ends them; this finds out which it is.
ExecStop=/usr/bin/node /opt/upkeep/dist/cli/boot/leave-unit.js upkeep.service /home/deploy/.upkeep ask
ExecStopPost=/usr/bin/node /opt/upkeep/dist/cli/boot/leave-unit.js upkeep.service /home/deploy/.upkeep sweep
KillMode=process
TimeoutStopSec=5min
LimitNOFILE=65536
TasksMax=infinity
OOMPolicy=continue
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
PrivateDevices=yes
DevicePolicy=closed
PrivateMounts=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
KeyringMode=private
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ReadWritePaths=-/home/deploy -/tmp -/srv
ProtectHome=tmpfs
BindPaths=-/home/deploy

[Install]
WantedBy=multi-user.target
`,
  )
})

test('without perl the daemon is asked until it answers, and there is no watchdog', () => {
  const unit = renderDaemonUnit({ ...SERVICE, perl: null })

  assert.match(unit, /^Type=exec$/m)
  assert.match(
    unit,
    /^ExecStartPost=\/usr\/bin\/node \/opt\/upkeep\/dist\/cli\/main.js --home \/home\/deploy\/.upkeep daemon wait$/m,
  )
  assert.doesNotMatch(unit, /Watchdog|NotifyAccess|perl/)
})

test("a unit for a user's own manager has only what needs no privilege", () => {
  const unit = renderDaemonUnit({ ...SERVICE, account: null })

  assert.match(unit, /^WantedBy=default.target$/m)
  assert.match(unit, /^ExecStop=.* ask --user$/m)
  assert.match(unit, /^NoNewPrivileges=yes$/m)
  assert.match(unit, /^SystemCallFilter=~@privileged @resources$/m)
  assert.doesNotMatch(unit, /^(?:User|Private\w+|Protect\w+|CapabilityBoundingSet|BindPaths|After)=/m)
})

test('a daemon of root may become other users', () => {
  const unit = renderDaemonUnit({ ...SERVICE, account: { name: 'root', uid: 0, home: '/root' } })

  assert.doesNotMatch(unit, /^User=/m)
  assert.match(unit, /^CapabilityBoundingSet=.*CAP_SETUID/m)
  assert.match(unit, /^SystemCallFilter=~@resources$/m)
  assert.doesNotMatch(unit, /@privileged/)
})

test('low ports are one capability', () => {
  const unit = renderDaemonUnit({ ...SERVICE, hasLowPorts: true })

  assert.match(unit, /^CapabilityBoundingSet=CAP_NET_BIND_SERVICE$/m)
  assert.match(unit, /^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m)
})

test('of folders inside each other the outermost is writable, and other homes are not seen', () => {
  const unit = renderDaemonUnit({ ...SERVICE, home: '/srv/state', writable: ['/srv', '/home/deploy/app'] })

  assert.match(unit, /^ReadWritePaths=-\/home\/deploy -\/srv$/m)
  assert.match(unit, /^ProtectHome=tmpfs\nBindPaths=-\/home\/deploy$/m)
  assert.match(
    renderDaemonUnit({
      ...SERVICE,
      account: { name: 'app', uid: 9, home: '/var/lib/app' },
      home: '/var/lib/app/h',
    }),
    /^ProtectHome=yes$/m,
  )
})

const ODD = { ...SERVICE, home: `/data/100% of "it's" $HOME`, node: '/opt/a b/node', perl: null }

test('odd characters in paths mean nothing to systemd', () => {
  const unit = renderDaemonUnit({ ...ODD, args: ['main.js', ODD.home] })

  assert.match(unit, /^ExecStart="\/opt\/a b\/node" main.js "\/data\/100%% of \\"it's\\" \$\$HOME"$/m)
  assert.match(unit, /^ReadWritePaths=.*"-\/data\/100%% of \\"it's\\" \$HOME"/m)
})

test('odd characters in paths mean nothing to sh and XML', () => {
  assert.match(
    renderUpstart({ ...ODD, args: [ODD.home] }),
    /^exec '\/opt\/a b\/node' '\/data\/100% of "it'\\''s" \$HOME'$/m,
  )
  assert.match(renderLaunchd({ ...ODD, node: '/a&b/<node>' }), /<string>\/a&amp;b\/&lt;node&gt;<\/string>/)
})

test('a path with a line break is refused', () => {
  for (const changed of [
    { home: '/srv/a\nb' },
    { node: '/usr/bin/no\nde', perl: null },
    { writable: ['/srv/\r'] },
  ])
    assert.throws(() => renderDaemonUnit({ ...SERVICE, ...changed }), { code: 'USAGE' })
})

test('a script for OpenRC', () => {
  assert.equal(
    renderOpenrc(SERVICE),
    `#!/sbin/openrc-run
# Written by "upkeep startup", which replaces it
# Home: "/home/deploy/.upkeep"

description="Upkeep, which runs Node.js apps"
supervisor=supervise-daemon
command=/usr/bin/node
command_args='/opt/upkeep/dist/daemon/main.js /home/deploy/.upkeep'
command_user=deploy
respawn_delay=1
respawn_max=0
umask=077
rc_ulimit="-n 65536"
retry="TERM/30/KILL/5"
export PATH=/usr/bin:/bin

depend() {
	use net dns logger
	after firewall
}

# A restart keeps the workers for the next daemon.
stop_pre() {
	if [ "$RC_CMD" != restart ]; then
		runuser -u deploy -- /usr/bin/node /opt/upkeep/dist/cli/main.js --home /home/deploy/.upkeep daemon stop
	fi
	return 0
}
`,
  )
})

test('a job for Upstart', () => {
  assert.equal(
    renderUpstart(SERVICE),
    `# Written by "upkeep startup", which replaces it
# Home: "/home/deploy/.upkeep"
description "Upkeep, which runs Node.js apps"

start on runlevel [2345]
stop on runlevel [!2345]
respawn
respawn limit unlimited
umask 077
limit nofile 65536 65536
kill timeout 300
setuid deploy
env PATH=/usr/bin:/bin

exec /usr/bin/node /opt/upkeep/dist/daemon/main.js /home/deploy/.upkeep
pre-stop exec /usr/bin/node /opt/upkeep/dist/cli/main.js --home /home/deploy/.upkeep daemon stop
`,
  )
})

test('a property list for launchd', () => {
  assert.equal(
    renderLaunchd(SERVICE),
    `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- Written by "upkeep startup", which replaces it -->
<!-- Home: "/home/deploy/.upkeep" -->
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>upkeep</string>
  <key>ProgramArguments</key>
  <array>
    <string>/usr/bin/node</string>
    <string>/opt/upkeep/dist/daemon/main.js</string>
    <string>/home/deploy/.upkeep</string>
  </array>
  <key>UserName</key>
  <string>deploy</string>
  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    <string>/usr/bin:/bin</string>
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <true/>
  <key>AbandonProcessGroup</key>
  <true/>
  <key>ThrottleInterval</key>
  <integer>1</integer>
  <key>ExitTimeOut</key>
  <integer>300</integer>
  <key>Umask</key>
  <integer>63</integer>
  <key>SoftResourceLimits</key>
  <dict>
    <key>NumberOfFiles</key>
    <integer>65536</integer>
  </dict>
  <key>StandardOutPath</key>
  <string>/home/deploy/.upkeep/launchd.log</string>
  <key>StandardErrorPath</key>
  <string>/home/deploy/.upkeep/launchd.log</string>
</dict>
</plist>
`,
  )
})
