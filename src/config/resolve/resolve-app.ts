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
  const resolved = await tryResolveApp(app, around)
  if (!(resolved instanceof Failures)) return resolved
  throw resolved.all[0]
}

/** Everything that keeps an app from being started. */
export class Failures {
  readonly all: Failure[] = []

  /** What the work makes; undefined when it fails as expected. */
  async during<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      this.all.push(error)
      return undefined
    }
  }
}

/** The same, with all that is wrong at once. */
export async function tryResolveApp(app: App, around: Surroundings): Promise<AppSpec | Failures> {
  const failures = new Failures()
  const label = app.name ?? basename(app.script)
  const cwd = await failures.during(() => resolveFolder(label, app.cwd, around))
  // All other paths start there.
  if (cwd === undefined) return failures
  const account = await failures.during(() =>
    resolveAccount({ app: label, user: app.user, group: app.group }),
  )
  const env = await failures.during(() =>
    resolveEnvironment({
      processEnv: around.processEnv,
      inheritEnv: app.inheritEnv ?? around.inheritEnv,
      envFiles: app.envFile,
      env: app.env,
      account: account ?? null,
      cwd,
      home: around.home,
    }),
  )
  const variables = env ?? around.processEnv
  const path = variables.PATH ?? ''
  const { interpreter } = app
  const launch = await failures.during(() =>
    resolveLaunch({ ...app, app: label, interpreter, cwd, path, variables, home: around.home }),
  )
  if (account === undefined || env === undefined || launch === undefined) return failures
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
