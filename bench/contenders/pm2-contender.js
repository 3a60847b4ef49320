import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { canConnect } from '../support/ask.js'
import { kill, processesWith, root, until } from '../support/built.js'

export const pm2Path = join(root, 'node_modules', 'pm2', 'bin', 'pm2')

const COMMAND_TIMEOUT_MS = 60_000

/** pm2 as it comes, with a home of its own; in cluster mode unless said otherwise. */
export class Pm2Contender {
  name
  folder = mkdtempSync(join(tmpdir(), 'upkeep-bench-pm2-'))
  #mode

  constructor({ mode = 'cluster' } = {}) {
    this.#mode = mode
    this.name = mode === 'cluster' ? 'pm2' : `pm2 ${mode}`
  }

  get env() {
    return {
      PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter),
      HOME: this.folder,
      PM2_HOME: join(this.folder, 'home'),
      PM2_DISABLE_VERSION_CHECK: 'true',
      LANG: 'C.UTF-8',
    }
  }

  /** `settings` are keys of the app in pm2's ecosystem file. */
  async start({ name = 'app', script, instances, port, env = {}, pm2: settings = {} }) {
    const app = {
      name,
      script,
      instances,
      exec_mode: this.#mode,
      env: { NODE_ENV: 'production', PORT: String(port), ...env },
      ...settings,
    }
    const file = join(this.folder, `${name}.json`)
    writeFileSync(file, JSON.stringify({ apps: [app] }))
    await this.run('start', file)
    await until(() => canConnect(port))
    await until(async () => (await this.workers(name)).length === instances, { within: '20s' })
  }

  run(...args) {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [pm2Path, ...args], { cwd: this.folder, env: this.env })
      const deadline = setTimeout(() => child.kill('SIGKILL'), COMMAND_TIMEOUT_MS)
      let text = ''
      let errors = ''
      child.stdin.end()
      child.stdout.on('data', (chunk) => {
        text += chunk
      })
      child.stderr.on('data', (chunk) => {
        errors += chunk
      })
      child.once('error', reject)
      child.once('exit', (code) => {
        clearTimeout(deadline)
        if (code === 0) resolve(text)
        else reject(new Error(`pm2 ${args.join(' ')} ended with ${code}: ${text}${errors}`))
      })
    })
  }

  async reload(name = 'app') {
    await this.run('reload', name)
  }

  async scale(instances, name = 'app') {
    await this.run('scale', name, String(instances))
    await until(async () => (await this.workers(name)).length === instances, { within: '30s' })
  }

  async workers(name = 'app') {
    const list = JSON.parse((await this.run('jlist')).replace(/^[^[]*/, ''))
    return list.filter((each) => each.name === name && each.pm2_env.status === 'online').map(({ pid }) => pid)
  }

  async supervisor() {
    return Number(readFileSync(join(this.env.PM2_HOME, 'pm2.pid'), 'utf8'))
  }

  async logDirectory() {
    return join(this.env.PM2_HOME, 'logs')
  }

  async logFiles() {
    const folder = await this.logDirectory()
    return readdirSync(folder).map((file) => join(folder, file))
  }

  async close() {
    try {
      if (processesWith(this.folder).length > 0) await this.run('kill')
      await until(() => processesWith(this.folder).length === 0, { within: '5s' }).catch(() => {})
    } finally {
      for (const pid of processesWith(this.folder)) kill(pid)
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 })
    }
  }
}
