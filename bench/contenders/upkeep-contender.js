import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { canConnect } from '../support/ask.js'
import { Upkeep, until } from '../support/built.js'

/** Upkeep as it comes, with a home of its own. */
export class UpkeepContender {
  name = 'Upkeep'
  #upkeep = new Upkeep()

  /** `settings` are keys of the app in the config of Upkeep. */
  async start({ name = 'app', script, instances, port, env = {}, upkeep: settings = {} }) {
    const app = { name, script, instances, env: { PORT: String(port), ...env }, ...settings }
    await this.#upkeep.ok('start', this.#upkeep.config([app], `${name}.json`))
    await until(() => canConnect(port))
  }

  /** For a command that has no method here. */
  run(...args) {
    return this.#upkeep.ok(...args)
  }

  get env() {
    return this.#upkeep.env
  }

  async reload(name = 'app') {
    await this.#upkeep.ok('reload', name)
  }

  async scale(instances, name = 'app') {
    await this.#upkeep.ok('scale', name, String(instances))
  }

  /** The pids of the workers that are ready. */
  async workers(name = 'app') {
    const instances = await this.#upkeep.instances(name)
    return instances.filter(({ state }) => state === 'ready').map(({ pid }) => pid)
  }

  /** True when every instance has its worker, and none of the workers before is still there. */
  async isSettled(name = 'app') {
    const instances = await this.#upkeep.instances(name)
    return instances.every(({ state, drainingPids }) => state === 'ready' && drainingPids.length === 0)
  }

  async supervisor() {
    return (await this.#upkeep.daemon()).pid
  }

  /** Waits for another daemon than this; starts one when none comes. Says whether it came by itself. */
  async replaced(pid) {
    const isNew = async () => (await this.supervisor()) !== pid
    const cameByItself = await until(isNew, { within: '3s' }).catch(() => false)
    if (!cameByItself) await this.#upkeep.ok('daemon', 'start')
    await until(isNew)
    return cameByItself
  }

  /** The log files of the app, rotated ones too. */
  async logFiles(name = 'app') {
    const logDirectory = await this.logDirectory(name)
    // It is made with the first line.
    if (!existsSync(logDirectory)) return []
    return readdirSync(logDirectory)
      .filter((file) => /\.log(\.gz)?$/.test(file))
      .map((file) => join(logDirectory, file))
  }

  async logDirectory(name = 'app') {
    return (await this.#upkeep.app(name)).logDirectory
  }

  /** What the daemon said about itself. */
  report() {
    return this.#upkeep.report()
  }

  close() {
    return this.#upkeep.close()
  }
}
