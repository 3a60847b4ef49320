import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { canConnect } from '../support/ask.js'
import { until } from '../support/built.js'

/** `node app.js`, and nobody who looks after it. */
export class BareNode {
  name = 'node'
  #child

  async start({ script, port, env = {} }) {
    this.launch({ script, port, env })
    await until(() => canConnect(port))
  }

  /** Does not wait until it answers. */
  launch({ script, port, env = {} }) {
    this.#child = spawn(process.execPath, [script], {
      env: { PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port), ...env },
      stdio: 'ignore',
    })
  }

  async close() {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}
