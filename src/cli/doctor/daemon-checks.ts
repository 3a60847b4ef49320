// The home, the daemon in it, and the ports of its apps.
import { accessSync, constants, lstatSync } from 'node:fs'
import process from 'node:process'
import { Failure } from '../../base/failure.ts'
import { packageVersion } from '../../base/package.ts'
import { isDaemonAbsent } from '../../client/daemon-absent.ts'
import { mayKnowApps } from '../../client/home.ts'
import { PROTOCOL_VERSION } from '../../protocol/version.ts'
import type { Context } from '../command.ts'
import { type Finding, good, problem, warning } from './check.ts'

export function checkHome(home: string): Finding {
  const found = lstatSync(home, { throwIfNoEntry: false })
  if (found === undefined) return good('home', `${home} will be made by the first start`)
  if (!found.isDirectory())
    return problem('home', `${home} is not a folder`, 'Set UPKEEP_HOME to a folder of your own')
  if (found.uid !== process.getuid?.())
    return problem(
      'home',
      `${home} belongs to user ${found.uid}`,
      'Run this as that user, or set UPKEEP_HOME',
    )
  if ((found.mode & 0o022) !== 0)
    return problem('home', `Others can write in ${home}`, `Run: chmod 700 ${home}`)
  try {
    accessSync(home, constants.W_OK)
  } catch {
    return problem('home', `${home} cannot be written`, 'Is its disk mounted read-only?')
  }
  return good('home', home)
}

export async function checkDaemon({ client, home }: Context): Promise<Finding> {
  try {
    const { pid, version, protocol, node } = await client.daemon()
    const own = packageVersion()
    if (protocol !== PROTOCOL_VERSION || version !== own)
      return warning('daemon', `It is Upkeep ${version}, this is ${own}`, 'Run: upkeep upgrade')
    return good('daemon', `runs with pid ${pid} on Node.js ${node}`)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    if (!isDaemonAbsent(error))
      return problem('daemon', error.message, error.hint ?? 'See "upkeep daemon status"')
    if (!mayKnowApps(home)) return good('daemon', 'none runs, and no apps are known in this home')
    return problem('daemon', 'It does not run, but apps are known in this home', 'Run: upkeep daemon start')
  }
}

/** An app that cannot have its port has it in the reason of its last crash. */
export async function checkApps({ client }: Context): Promise<Finding[]> {
  try {
    const apps = await client.apps()
    const failed = apps.filter(({ state }) => state === 'failed' || state === 'degraded')
    if (failed.length === 0) return [good('apps', `${apps.length} known, none in trouble`)]
    return failed.map(({ name, state, instances }) => {
      const reason = instances.find(({ lastExit }) => lastExit !== null)?.lastExit?.reason
      const shown = reason === undefined ? state : `${state}: ${reason}`
      return problem(`app ${name}`, `It is ${shown}`, `Read: upkeep logs ${name}`)
    })
  } catch (error) {
    if (error instanceof Failure) return []
    throw error
  }
}
