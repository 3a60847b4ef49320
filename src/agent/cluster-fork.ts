// Workers that an app forks with node:cluster get their sockets from it, not from the daemon, but they drain as ours do:
// a preload of their own sees to that. node:cluster takes fork() from child_process when it is first loaded.
import childProcess from 'node:child_process'

type Fork = typeof childProcess.fork

/** What node:cluster gives each worker, and nobody else. */
const CLUSTER_ID = 'NODE_UNIQUE_ID'

export function installClusterFork(preload: string): void {
  const { fork } = childProcess
  childProcess.fork = function (this: unknown, ...given: unknown[]) {
    const options = given[2]
    if (isOfCluster(options)) {
      const execArgv = options.execArgv ?? process.execArgv
      given[2] = { ...options, execArgv: [...execArgv, '--require', preload] }
    }
    return Reflect.apply(fork, this, given)
  } as Fork
}

function isOfCluster(options: unknown): options is { env: object; execArgv?: readonly string[] } {
  const env: unknown =
    typeof options === 'object' && options !== null ? Reflect.get(options, 'env') : undefined
  return typeof env === 'object' && env !== null && CLUSTER_ID in env
}
