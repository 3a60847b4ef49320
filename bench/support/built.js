// What the tests have built for themselves: the load generator, the CLI with a home of its own, waiting. It is compiled
// with the tests, so `npm run bench` compiles them first.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

const support = join(root, 'dist-test', 'test', 'support')
if (!existsSync(join(support, 'load', 'process.js'))) {
  spawnSync(process.execPath, [join(root, 'scripts', 'build.js'), '--test'], { stdio: 'inherit' })
}

export const { Upkeep, cliPath } = await import(join(support, 'upkeep.js'))
export const { Load, NO_OUTCOMES, lost, asked } = await import(join(support, 'load', 'load.js'))
export const { freePort } = await import(join(support, 'free-port.js'))
export const { until } = await import(join(support, 'until.js'))
export const { isAlive, kill, processesWith } = await import(join(support, 'processes.js'))

export const { KillRounds } = await import(join(support, 'kill-rounds', 'kill-rounds.js'))
export const { Requests } = await import(join(support, 'kill-rounds', 'requests.js'))
export const { allLines } = await import(join(support, 'kill-rounds', 'line-counts.js'))
export const { newSeed, Random } = await import(join(support, 'kill-rounds', 'random.js'))

/** The absolute path of a program in bench/apps. */
export function benchApp(name) {
  return join(root, 'bench', 'apps', name)
}
