// For each init system: where its file is, and the steps that install a service and take it back.
import { join } from 'node:path'
import process from 'node:process'
import type { BootAccount, BootService } from '../../export/boot-service.ts'
import { cliCommand } from '../../export/cli-command.ts'
import { renderLaunchd } from '../../export/launchd.ts'
import { renderOpenrc } from '../../export/openrc.ts'
import { renderDaemonUnit } from '../../export/systemd/daemon-unit.ts'
import { renderUpstart } from '../../export/upstart.ts'
import type { InitSystem } from './init-system.ts'
import { lingers } from './lingers.ts'
import type { Step } from './step.ts'

export interface BootPlace {
  readonly name: string
  /** The service manager of the user, and not that of the system. */
  readonly isUserManager: boolean
  /** Whose daemon it is. */
  readonly account: BootAccount
}

interface BootPlan {
  path(place: BootPlace): string
  render(service: BootService): string
  readonly mode: number
  /** After the file was written, and no other daemon runs. */
  install(place: BootPlace, path: string): readonly Step[]
  /** Before the file is removed. Apps go on. */
  leave(place: BootPlace, path: string): readonly Step[]
  /** After it. */
  forget(place: BootPlace): readonly Step[]
}

const PLANS: Readonly<Record<InitSystem, BootPlan>> = {
  systemd: {
    path: ({ name, isUserManager, account }) =>
      join(
        isUserManager ? join(account.home, '.config/systemd/user') : '/etc/systemd/system',
        `${name}.service`,
      ),
    render: renderDaemonUnit,
    mode: 0o644,
    install: (place) => [
      systemctl(place, ['daemon-reload'], 'Cannot make systemd read its units'),
      systemctl(place, ['enable', unit(place)], `Cannot enable ${unit(place)}`),
      systemctl(place, ['restart', unit(place)], `Cannot start ${unit(place)}`, journal(place)),
      ...(place.isUserManager && !lingers(place.account.name) ? [linger(place.account)] : []),
    ],
    leave: (place) => [
      { act: 'write', path: join(dropIn(place), 'keep-workers.conf'), text: KEEPS_WORKERS, mode: 0o644 },
      systemctl(place, ['daemon-reload'], 'Cannot make systemd read its units'),
      systemctl(place, ['disable', '--now', unit(place)], `Cannot stop ${unit(place)}`),
      { act: 'remove', path: dropIn(place) },
    ],
    forget: (place) => [systemctl(place, ['daemon-reload']), systemctl(place, ['reset-failed', unit(place)])],
  },
  openrc: {
    path: ({ name }) => `/etc/init.d/${name}`,
    render: renderOpenrc,
    mode: 0o755,
    install: ({ name }) => [
      run(['rc-update', 'add', name, 'default'], `Cannot add ${name} to the default runlevel`),
      run(['rc-service', name, 'restart'], `Cannot start ${name}`),
    ],
    leave: ({ name }) => [
      run(['rc-update', 'del', name, 'default']),
      run(['rc-service', name, 'stop'], `Cannot stop ${name}`),
    ],
    forget: () => [],
  },
  upstart: {
    path: ({ name }) => `/etc/init/${name}.conf`,
    render: renderUpstart,
    mode: 0o644,
    install: ({ name }) => [
      run(['initctl', 'reload-configuration']),
      run(['initctl', 'stop', name]),
      run(['initctl', 'start', name], `Cannot start ${name}`),
    ],
    leave: ({ name }) => [run(['initctl', 'stop', name])],
    forget: () => [run(['initctl', 'reload-configuration'])],
  },
  launchd: {
    path: ({ name, isUserManager, account }) =>
      join(
        isUserManager ? join(account.home, 'Library/LaunchAgents') : '/Library/LaunchDaemons',
        `${name}.plist`,
      ),
    render: renderLaunchd,
    mode: 0o644,
    install: (place, path) => [
      run(['launchctl', 'bootout', domain(place), path]),
      run(['launchctl', 'bootstrap', domain(place), path], `Cannot start ${place.name}`),
    ],
    leave: (place, path) => [run(['launchctl', 'bootout', domain(place), path])],
    forget: () => [],
  },
}

/** Takes away what would stop the workers together with the daemon. */
const KEEPS_WORKERS = '[Service]\nExecStop=\nExecStopPost=\n'

export function bootPath(init: InitSystem, place: BootPlace): string {
  return PLANS[init].path(place)
}

export function startupSteps(init: InitSystem, place: BootPlace, service: BootService): readonly Step[] {
  const plan = PLANS[init]
  const path = plan.path(place)
  return [
    { act: 'write', path, text: plan.render(service), mode: plan.mode },
    // A daemon that runs already leaves its workers to the one that is started now.
    run(asOwner(place, cliCommand(service, 'daemon', 'stop', '--keep-workers'))),
    ...plan.install(place, path),
  ]
}

export function unstartupSteps(init: InitSystem, place: BootPlace, service: BootService): readonly Step[] {
  const plan = PLANS[init]
  const path = plan.path(place)
  const start = run(
    asOwner(place, cliCommand(service, 'daemon', 'start')),
    'Cannot start the daemon without it',
  )
  return [...plan.leave(place, path), { act: 'remove', path }, ...plan.forget(place), start]
}

function run(command: readonly string[], message?: string, hint?: string): Step {
  if (message === undefined) return { act: 'run', command }
  return { act: 'run', command, failure: { message, ...(hint === undefined ? {} : { hint }) } }
}

function systemctl(
  { isUserManager }: BootPlace,
  args: readonly string[],
  message?: string,
  hint?: string,
): Step {
  return run(['systemctl', ...(isUserManager ? ['--user'] : []), ...args], message, hint)
}

function unit({ name }: BootPlace): string {
  return `${name}.service`
}

function journal({ name, isUserManager }: BootPlace): string {
  return `Read: journalctl ${isUserManager ? '--user ' : ''}-u ${name}`
}

function dropIn(place: BootPlace): string {
  const folder = place.isUserManager ? `/run/user/${place.account.uid}/systemd` : '/run/systemd'
  return join(folder, place.isUserManager ? 'user' : 'system', `${unit(place)}.d`)
}

/** Without it a user's services run only while the user is logged in. */
function linger({ name }: BootAccount): Step {
  const hint = `The rest is done. Let root run: loginctl enable-linger ${name}`
  return run(['loginctl', 'enable-linger', name], `Cannot make services of ${name} start at boot`, hint)
}

function domain({ isUserManager, account }: BootPlace): string {
  return isUserManager ? `gui/${account.uid}` : 'system'
}

/** A daemon refuses commands of other users, even those of root. */
function asOwner({ account }: BootPlace, command: readonly string[]): readonly string[] {
  return account.uid === process.getuid?.() ? command : ['runuser', '-u', account.name, '--', ...command]
}
