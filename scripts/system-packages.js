// Programs the tests run besides Node. Where we may, they are installed; elsewhere those tests say why they are
// skipped.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const PACKAGE_OF = {
  nginx: 'nginx-light',
  curl: 'curl',
  python3: 'python3',
  unshare: 'util-linux',
  'systemd-nspawn': 'systemd-container',
  'dbus-daemon': 'dbus',
}

export function ensureSystemPackages() {
  const missing = Object.keys(PACKAGE_OF).filter((program) => !isInstalled(program))
  if (missing.length === 0) return
  const packages = missing.map((program) => PACKAGE_OF[program])
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.log(`not installed, and not ours to install here: ${packages.join(', ')}`)
    return
  }
  console.log(`installing with apt-get: ${packages.join(', ')}`)
  // Tests start what they need themselves; a service that starts at once would take ports.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const run = (...args) =>
    spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0
  if (run('-qq', 'update')) run('-qq', '-y', '--no-install-recommends', 'install', ...packages)
}

function isInstalled(program) {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
