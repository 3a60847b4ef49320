// Whether the daemon of this home comes back after a reboot: the unit is there, is enabled, and what it starts still exists.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { askProgram } from '../../config/ask-program.ts'
import { isExecutable } from '../../config/resolve/find-program.ts'
import { runningInit } from '../boot/init-system.ts'
import { lingers } from '../boot/lingers.ts'
import { isOurs, startsHome } from '../boot/own-file.ts'
import type { Context } from '../command.ts'
import { type Finding, good, problem, warning } from './check.ts'
import { unitPaths } from './unit-paths.ts'

const AGAIN = 'Run "upkeep startup" again with the Node.js that is to be used'

interface FoundUnit {
  readonly name: string
  readonly path: string
  readonly text: string
  readonly isUserManager: boolean
}

export async function checkBoot({ home, env }: Context): Promise<Finding[]> {
  if (runningInit() !== 'systemd') return [good('boot', 'no systemd runs here; nothing was looked for')]
  const units = findUnits(env).filter(({ text }) => startsHome(text, home))
  if (units.length === 0)
    return [warning('boot', 'Nothing starts this daemon after a reboot', 'Run: upkeep startup')]
  return (await Promise.all(units.map((unit) => checkUnit(unit, env)))).flat()
}

async function checkUnit(unit: FoundUnit, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const { name, path, text, isUserManager } = unit
  const gone = unitPaths(text).filter((each) => !existsSync(each))
  if (gone[0] !== undefined) return [problem('boot', `${path} starts ${gone[0]}, which is gone`, AGAIN)]
  const [program = ''] = unitPaths(text)
  if (!isExecutable(program))
    return [problem('boot', `${path} starts ${program}, which cannot be run`, AGAIN)]
  const manager = isUserManager ? ['--user'] : []
  const enabled = (await askProgram('systemctl', [...manager, 'is-enabled', name], env)).stdout.trim()
  if (enabled !== 'enabled') {
    const command = ['systemctl', ...manager, 'enable', name].join(' ')
    return [
      problem('boot', `${name} is ${enabled === '' ? 'unknown to systemd' : enabled}`, `Run: ${command}`),
    ]
  }
  return [
    good('boot', `${path} is enabled, and what it starts is there`),
    ...(isUserManager ? checkLinger() : []),
  ]
}

function checkLinger(): Finding[] {
  const { username } = userInfo()
  if (lingers(username)) return [good('linger', `services of ${username} start at boot`)]
  const hint = `Run: loginctl enable-linger ${username}`
  return [problem('linger', `Services of ${username} run only while ${username} is logged in`, hint)]
}

function findUnits(env: NodeJS.ProcessEnv): FoundUnit[] {
  const places = [
    { folder: '/etc/systemd/system', isUserManager: false },
    { folder: join(env.HOME ?? '/nowhere', '.config/systemd/user'), isUserManager: true },
  ]
  return places.flatMap(({ folder, isUserManager }) => {
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.service')) : []
    return names.flatMap((name) => {
      const path = join(folder, name)
      const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
      return isOurs(text) ? [{ name, path, text, isUserManager }] : []
    })
  })
}
