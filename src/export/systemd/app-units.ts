// An app without a daemon: a template unit with an instance per copy, a target for all of them, and a socket that stays
// open while they change. The environment is in a file of its own, because everybody may read units.
import { renderDuration } from '../../base/duration.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import { quoteCommand, quotePath, quoteVariable } from './quote.ts'
import { fileSystem, sandbox } from './sandbox.ts'
import { type Line, renderUnit } from './unit-text.ts'

export interface UnitFile {
  /** Where it belongs. */
  readonly path: string
  readonly text: string
  readonly mode: number
}

export interface AppUnitOptions {
  /** Who it runs as; null for root. */
  readonly user: string | null
  /** The preload that takes systemd's socket, as text. */
  readonly preload: string
  /** Where a path ends when all links are followed: in the sandbox both are needed. */
  readonly realPath: (path: string) => string
}

const UNITS = '/etc/systemd/system'
const FILES = '/etc/upkeep'
/** What a terminal or a login leaves in an environment, and what systemd sets for the user itself. */
const OF_SESSION =
  /^(?:TERM|COLORTERM|DISPLAY|LS_COLORS|MAIL|PWD|HOME|USER|LOGNAME|SHELL|(?:SSH|SUDO|XDG|DBUS|VSCODE)_.*)$/

const MARK = 'Written by "upkeep export systemd"'

/** The files of an app, ready to be put in their places. */
export function renderAppUnits(spec: AppSpec, options: AppUnitOptions): readonly UnitFile[] {
  const app = unitName(spec.name)
  const port = spec.isNode ? portOf(spec) : undefined
  const unit = (suffix: string, text: string) => ({ path: `${UNITS}/${app}${suffix}`, text, mode: 0o644 })
  return [
    unit('@.service', renderService(spec, app, port, options)),
    unit('.target', renderTarget(spec, app, port)),
    ...(port === undefined ? [] : [unit('.socket', renderSocket(spec, app, port))]),
    { path: `${FILES}/${app}.env`, text: renderEnvironment(spec), mode: 0o600 },
    ...(port === undefined ? [] : [{ path: preloadPath(app), text: options.preload, mode: 0o644 }]),
  ]
}

/** Names of units have few characters (systemd.unit(5)); "@" would be read as the start of an instance. */
export function unitName(app: string): string {
  return app.replace(/[^\w.:-]/g, '-')
}

/** The port is known when the environment names it. */
function portOf({ env }: AppSpec): number | undefined {
  const port = /^\d{1,5}$/.test(env.PORT ?? '') ? Number(env.PORT) : 0
  return port > 0 && port <= 65_535 ? port : undefined
}

function preloadPath(app: string): string {
  return `${FILES}/${app}.listen.cjs`
}

/** The folder of an app and every path that starting it names. */
export function pathsOf({ cwd, program, script, programArgs, args }: AppSpec): readonly string[] {
  const words = [cwd, program, script, ...programArgs, ...args]
  // Also that of an option, such as --import=file:///srv/trace.mjs.
  return words.flatMap((word) => /^(?:--?[^=/]*=)?(?:file:\/\/)?(\/.*)$/s.exec(word)?.[1] ?? [])
}

function renderService(
  spec: AppSpec,
  app: string,
  port: number | undefined,
  { user, realPath }: AppUnitOptions,
): string {
  const paths = pathsOf(spec)
  const bindsItself = port === undefined
  return renderUnit([MARK], {
    Unit: [
      ['Description', `${quotePath(spec.name)}, instance %i`],
      ['After', 'network-online.target'],
      ['Wants', 'network-online.target'],
      ['PartOf', `${app}.target`],
      ...startLimit(spec),
    ],
    Service: [
      ['Type', 'exec'],
      ...(user === null ? [] : [['User', user] as const]),
      ['WorkingDirectory', quotePath(spec.cwd)],
      ['EnvironmentFile', `${FILES}/${app}.env`],
      ['Environment', 'UPKEEP_INSTANCE=%i NODE_APP_INSTANCE=%i'],
      ...(port === undefined ? [] : [['Sockets', `${app}.socket`] as const]),
      ['ExecStart', quoteCommand(command(spec, app, port))],
      ...restart(spec),
      ['KillSignal', spec.stop.signal],
      ['KillMode', 'mixed'],
      ['TimeoutStopSec', span(spec.stop.timeoutMs)],
      ...limits(spec),
      ['OOMPolicy', 'continue'],
      ['UMask', '0077'],
      ...sandbox(user === null ? 'plain root' : 'user', bindsItself && user === null),
      // Nothing of a worker outlives its unit, so it can have these too.
      ['PrivateTmp', 'yes'],
      // In a user namespace nobody binds a port below 1024; root may want to, where systemd does not do it.
      ['PrivateUsers', bindsItself && user === null ? 'no' : 'yes'],
      ...fileSystem([...new Set([spec.cwd, realPath(spec.cwd)])], [...paths, ...paths.map(realPath)]),
    ],
  })
}

function command(spec: AppSpec, app: string, port: number | undefined): readonly string[] {
  const preload = port === undefined ? [] : [`--require=${preloadPath(app)}`]
  return [spec.program, ...preload, ...spec.programArgs, ...spec.args]
}

function restart({ restart }: AppSpec): readonly Line[] {
  const policy = { always: 'always', 'on-failure': 'on-failure', never: 'no' }[restart.policy]
  return [
    ['Restart', policy],
    ['RestartSec', span(restart.backoffMs)],
    // EX_CONFIG: the next try would end the same way.
    ['RestartPreventExitStatus', '78'],
  ]
}

/** systemd counts starts within a time; we count crashes in a row. */
function startLimit({ restart }: AppSpec): readonly Line[] {
  if (restart.maxRestarts === null) return [['StartLimitIntervalSec', '0']]
  const intervalMs = (restart.maxRestarts + 1) * (restart.minUptimeMs + restart.backoffMs)
  return [
    ['StartLimitIntervalSec', span(intervalMs)],
    ['StartLimitBurst', String(restart.maxRestarts + 1)],
  ]
}

function limits({ ulimits }: AppSpec): readonly Line[] {
  const given = Object.entries({ nofile: 65_536, ...ulimits })
  return given.map(([name, limit]) => [
    `Limit${name.toUpperCase()}`,
    String(limit).replace('unlimited', 'infinity'),
  ])
}

/** A time as systemd.time(7) has it: minutes are `min`, because `m` stands for them only sometimes. */
function span(durationMs: number): string {
  return renderDuration(durationMs).replace(/(\d)m(?!s)/g, '$1min')
}

function renderTarget({ name, instances }: AppSpec, app: string, port: number | undefined): string {
  const services = Array.from({ length: instances }, (_, index) => `${app}@${index}.service`)
  return renderUnit([MARK], {
    Unit: [
      ['Description', quotePath(`${name}, all instances`)],
      ['Wants', [...services, ...(port === undefined ? [] : [`${app}.socket`])].join(' ')],
    ],
    Install: [['WantedBy', 'multi-user.target']],
  })
}

function renderSocket({ name, env }: AppSpec, app: string, port: number): string {
  const host = env.HOST === undefined || env.HOST === '' ? '' : env.HOST
  const address = /^[\d.]+$/.test(host)
    ? `${host}:${port}`
    : /^[\da-f:]*:[\da-f:]*$/i.test(host)
      ? `[${host}]:${port}`
      : String(port)
  return renderUnit([MARK], {
    Unit: [
      ['Description', quotePath(`${name}, its socket`)],
      ['PartOf', `${app}.target`],
    ],
    Socket: [
      ['ListenStream', address],
      ['Backlog', '511'],
      // All instances accept from it; the first one is started when somebody connects before that.
      ['Service', `${app}@0.service`],
      ['FileDescriptorName', `port-${port}`],
    ],
    Install: [['WantedBy', 'sockets.target']],
  })
}

function renderEnvironment({ env }: AppSpec): string {
  const lines = Object.entries(env).filter(([name]) => !OF_SESSION.test(name))
  return lines.map(([name, value]) => `${quoteVariable(name, value)}\n`).join('')
}
