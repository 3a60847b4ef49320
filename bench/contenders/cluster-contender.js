import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { canConnect } from '../support/ask.js'
import { benchApp, isAlive, kill, until } from '../support/built.js'

/** node:cluster with the few lines of supervision that people write around it. */
export class ClusterContender {
  name = 'node:cluster'
  #child
  #workers = []
  #all = new Set()

  async start({ script, instances, port, env = {} }) {
    this.#child = spawn(process.execPath, [benchApp('cluster-primary.cjs'), script, String(instances)], {
      env: { PATH: process.env.PATH, NODE_ENV: 'production', PORT: String(port), ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      this.#workers = JSON.parse(line)
      for (const pid of this.#workers) this.#all.add(pid)
    })
    await until(() => this.#workers.length === instances)
    await until(() => canConnect(port))
  }

  async workers() {
    return this.#workers
  }

  async supervisor() {
    return this.#child.pid
  }

  async close() {
    if (this.#child === undefined) return
    this.#child.stdin.end()
    const pids = [this.#child.pid, ...this.#all]
    await until(() => pids.every((pid) => !isAlive(pid)), { within: '3s' }).catch(() => {
      for (const pid of pids) kill(pid)
    })
  }
}
