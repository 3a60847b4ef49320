// An app of a user on a machine with systemd, and what one asks it.
import { copyFileSync, mkdirSync } from 'node:fs'
import type { AppStatus } from '../../src/protocol/status.ts'
import { DEPLOY, MACHINE_CLI, MACHINE_NODE, type Machine } from './machine.ts'
import { testApp } from './package-root.ts'
import { until } from './until.ts'

export const SHOP_PORT = 3000

/** Two instances, under a daemon that nobody but the user has started. */
export async function appStarted(machine: Machine): Promise<void> {
  const folder = machine.path('/home/deploy/shop')
  mkdirSync(folder)
  copyFileSync(testApp('http.mjs'), `${folder}/http.mjs`)
  await machine.ok('chown', '-R', `${DEPLOY}:${DEPLOY}`, '/home/deploy/shop')
  const start = [...MACHINE_CLI, 'start', '/home/deploy/shop/http.mjs', '--name', 'shop', '-i', '2']
  await deploy(machine, `PORT=${SHOP_PORT}`, ...start)
}

/** Runs a program as the user. */
export function deploy(machine: Machine, ...command: readonly string[]): Promise<string> {
  return machine.ok(...asDeploy(...command))
}

export function asDeploy(...command: readonly string[]): readonly string[] {
  const env = ['HOME=/home/deploy', 'XDG_RUNTIME_DIR=/run/user/4711']
  return ['runuser', '-u', DEPLOY, '--', 'env', ...env, ...command]
}

/** The pids of both workers, as soon as they are ready. */
export async function workers(machine: Machine): Promise<number[]> {
  const ready = await until(async () => {
    const list = await deploy(machine, ...MACHINE_CLI, 'list', '--json')
    const instances = (JSON.parse(list) as { apps: AppStatus[] }).apps.flatMap((app) => app.instances)
    return instances.length === 2 && instances.every(({ state }) => state === 'ready') && instances
  })
  return ready.flatMap(({ pid }) => pid ?? [])
}

/** What the app says of itself; undefined while it does not answer. */
export async function answerOf(machine: Machine): Promise<string | undefined> {
  const url = `http://127.0.0.1:${SHOP_PORT}`
  const program = `fetch('${url}').then((r) => r.json()).then((a) => console.log(a.version))`
  const { status, stdout } = await machine.run(MACHINE_NODE, '-e', program)
  return status === 0 ? `version ${stdout.trim()}` : undefined
}

/** Nothing that the daemon or its apps have started. */
export async function untilNothingRuns(machine: Machine): Promise<void> {
  const script = 'for exe in /proc/[0-9]*/exe; do [ "$(readlink $exe)" != "$0" ] || echo $exe; done'
  const processes = () => machine.ok('sh', '-c', script, MACHINE_NODE)
  await until(async () => (await processes()) === '', {
    show: async () => [await processes(), await machine.journal()],
  })
}
