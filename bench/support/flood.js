import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { benchApp } from './built.js'

const run = promisify(execFile)

/** Requests per second on this port, asked by a process of its own; `connection` is `keep-alive` or `close`. */
export async function requestsPerSecond(
  port,
  { connection = 'keep-alive', connections = 64, warmUpMs = 1000, measuredMs = 3000 } = {},
) {
  const args = [benchApp('flood.js'), port, connections, warmUpMs, measuredMs, connection].map(String)
  const { stdout } = await run(process.execPath, args)
  const { perSecond, failed } = JSON.parse(stdout)
  if (failed > 0) throw new Error(`${failed} connections were closed while requests were counted`)
  return perSecond
}
