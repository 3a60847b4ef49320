// The unit of a daemon. What it promises: the daemon comes back, whatever it died of, and workers do not notice; a restart
// of the unit replaces the daemon alone; a stop of the unit ends the apps first, and nothing of them is left.
import { join } from 'node:path'
import type { BootService } from '../boot-service.ts'
import { homeMark, MARK } from '../boot-service.ts'
import { cliCommand } from '../cli-command.ts'
import { quoteCommand, quotePathWord, quoteWord } from './quote.ts'
import { fileSystem, type SandboxKind, sandbox } from './sandbox.ts'
import { type Line, renderUnit } from './unit-text.ts'

export function renderDaemonUnit(service: BootService): string {
  const { account, name } = service
  const comments = [
    `${MARK}. Changes belong into: systemctl ${account ? '' : '--user '}edit ${name}`,
    homeMark(service.home),
  ]
  return renderUnit(comments, {
    Unit: unitLines(service),
    Service: [
      ...startLines(service),
      ['Environment', quoteWord(`PATH=${service.path}`)],
      ...stopLines(service),
      ...limitLines,
      ['UMask', '0077'],
      ...sandboxLines(service),
    ],
    Install: [['WantedBy', account === null ? 'default.target' : 'multi-user.target']],
  })
}

function unitLines({ account, home, node, packageFolder }: BootService): readonly Line[] {
  const mounts = [home, node, packageFolder].map(quotePathWord).join(' ')
  const network: readonly Line[] = [
    ['After', 'network-online.target'],
    ['Wants', 'network-online.target'],
  ]
  return [
    ['Description', 'Upkeep, which runs Node.js apps'],
    ['Documentation', 'man:systemd.service(5)'],
    // A user's own manager knows no targets of the system.
    ...(account === null ? [] : network),
    ['RequiresMountsFor', mounts],
    // The default gives up after five starts in ten seconds, for ever.
    ['StartLimitIntervalSec', '0'],
  ]
}

function startLines(service: BootService): readonly Line[] {
  const { account, node, args, packageFolder, perl } = service
  const user: readonly Line[] = account === null || account.uid === 0 ? [] : [['User', account.name]]
  const restart: readonly Line[] = [
    ['Restart', 'always'],
    ['RestartSec', '1s'],
    ['TimeoutStartSec', '2min'],
    ['SyslogIdentifier', 'upkeep'],
  ]
  if (perl === null) {
    return [
      ['Type', 'exec'],
      ...user,
      ['ExecStart', quoteCommand([node, ...args])],
      ['ExecStartPost', quoteCommand(cliCommand(service, 'daemon', 'wait'))],
      ...restart,
    ]
  }
  const notifies = join(packageFolder, 'bin/notify-socket.pl')
  return [
    ['Type', 'notify'],
    ['NotifyAccess', 'main'],
    ...user,
    ['ExecStart', quoteCommand([perl, notifies, node, ...args])],
    ...restart,
    // A daemon that hangs is killed and replaced; workers go on meanwhile.
    ['WatchdogSec', '30s'],
    ['WatchdogSignal', 'SIGKILL'],
  ]
}

function stopLines({ account, name, node, home, packageFolder }: BootService): readonly Line[] {
  const leave = [node, join(packageFolder, 'dist/cli/boot/leave-unit.js'), `${name}.service`, home]
  const manager = account === null ? ['--user'] : []
  return [
    ['A restart keeps the workers, a stop ends them; this finds out which it is.'],
    ['ExecStop', quoteCommand([...leave, 'ask', ...manager])],
    ['ExecStopPost', quoteCommand([...leave, 'sweep', ...manager])],
    ['KillMode', 'process'],
    ['TimeoutStopSec', '5min'],
  ]
}

const limitLines: readonly Line[] = [
  ['LimitNOFILE', '65536'],
  ['TasksMax', 'infinity'],
  // One worker that the kernel kills for its memory must not end all the others.
  ['OOMPolicy', 'continue'],
]

function sandboxLines({ account, home, writable, hasLowPorts }: BootService): readonly Line[] {
  const kind: SandboxKind = account === null ? 'user manager' : account.uid === 0 ? 'root' : 'user'
  if (account === null) return sandbox(kind, hasLowPorts)
  const folders = [account.home, home, ...writable]
  const outermost = [...new Set(folders)].filter(
    (path) => !folders.some((other) => other !== path && path.startsWith(`${other}/`)),
  )
  return [...sandbox(kind, hasLowPorts), ...fileSystem(outermost)]
}
