#!/usr/bin/env node
// The way in: everything that belongs to this process, so that nothing below needs to know it.
import module from 'node:module'
import process from 'node:process'
import { systemClock } from '../base/clock.ts'
import { interruptible } from './interrupt.ts'
import { runUpkeep } from './run-upkeep.ts'
import { Output } from './terminal/output.ts'

// Only in Node 22 and later.
const enableCompileCache: unknown = Reflect.get(module, 'enableCompileCache')
if (typeof enableCompileCache === 'function') enableCompileCache.call(module)

const { argv, env, platform, stdout, stderr } = process
const out = new Output(stdout, stderr, env)
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (out.onLost !== undefined) out.onLost()
  // A reader that has seen enough, such as `head`, is no error.
  else process.exit(error.code === 'EPIPE' ? 0 : 74)
})
stderr.on('error', () => {})

process.exitCode = await runUpkeep(argv.slice(2), {
  out,
  env,
  platform,
  cwd: currentFolder(),
  clock: systemClock,
  signalFor: interruptible,
})

/** A deployment may have removed the folder of the shell; most commands need none. */
function currentFolder(): string {
  try {
    return process.cwd()
  } catch {
    return env.PWD ?? '/'
  }
}
