import { availableParallelism } from 'node:os'
import { basename, resolve } from 'node:path'
import { Failure } from '../../base/failure.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import { toName } from '../rules/name-rule.ts'
import type { App } from '../schema/app.ts'
import { countInstances } from '../schema/instances.ts'
import { show } from '../schema/show.ts'
import { resolveAccount } from './account.ts'
import { resolveEnvironment } from './environment.ts'
import { expandHome } from './expand-home.ts'
import { isFolder } from './find-program.ts'
import { type Launch, resolveLaunch } from './launch.ts'

export interface Surroundings {
  /** Where relative paths start. */
  readonly folder: string
  readonly processEnv: NodeJS.ProcessEnv
  readonly home: string | undefined
  /** What an app inherits when it does not say. */
  readonly inheritEnv: boolean
}

/** Turns a checked app into what the daemon runs: absolute paths, numbers, the whole environment. */
export async function resolveApp(app: App, around: Surroundings): Promise<AppSpec> {
  const label = app.name ?? basename(app.script)
  const cwd = resolveFolder(label, app.cwd, around)
  const account = resolveAccount({ app: label, user: app.user, group: app.group })
  const env = await resolveEnvironment({
    processEnv: around.processEnv,
    inheritEnv: app.inheritEnv ?? around.inheritEnv,
    envFiles: app.envFile,
    env: app.env,
    account,
    cwd,
    home: around.home,
  })
  const launch = await resolveLaunch({
    ...app,
    app: label,
    interpreter: app.interpreter,
    cwd,
    path: env.PATH ?? '',
    home: around.home,
  })
  return {
    name: app.name ?? toName(launch.defaultName),
    ...processOf(launch),
    instances: countInstances(app.instances, availableParallelism()),
    balance: app.balance,
    env: { ...env, ...launch.env },
    ...policiesOf(app),
    runAs: account === null ? null : { user: account.user.name, uid: account.user.uid, gid: account.gid },
    ulimits: limitsOf(app),
  }
}

function resolveFolder(label: string, written: string | undefined, around: Surroundings): string {
  const folder = resolve(around.folder, expandHome(written ?? '.', around.home))
  if (isFolder(folder)) return folder
  throw new Failure('CWD_NOT_FOUND', `Cannot start app ${show(label)}: its folder ${folder} does not exist`)
}

function processOf({ script, command, args, cwd }: Launch) {
  return { script, program: command.program, programArgs: command.args, args, cwd, isNode: command.isNode }
}

function policiesOf({ ready, stop, reload, restart, logs }: App) {
  return {
    ready: { when: ready.when, timeoutMs: ready.timeout },
    stop: { signal: stop.signal, timeoutMs: stop.timeout },
    reload: { order: reload.order, parallel: reload.parallel },
    restart: {
      policy: restart.policy,
      maxRestarts: restart.maxRestarts,
      minUptimeMs: restart.minUptime,
      backoffMs: restart.backoff,
      maxBackoffMs: restart.maxBackoff,
    },
    logs: {
      format: logs.format,
      maxSizeBytes: logs.maxSize,
      rotateEveryMs: logs.rotate,
      keep: logs.keep,
      maxTotalBytes: logs.maxTotal,
      compress: logs.compress,
    },
  }
}

function limitsOf({ ulimits }: App): AppSpec['ulimits'] {
  return Object.fromEntries(
    Object.entries(ulimits).flatMap(([name, limit]) => (limit === undefined ? [] : [[name, limit]])),
  )
}
