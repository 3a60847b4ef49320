// Where the numbers come from: without it they mean nothing.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { root } from './built.js'
import { nginxVersion } from './nginx.js'

export function versions() {
  const nginx = nginxVersion()
  return {
    upkeep: [packageVersion('.'), commit()].filter(Boolean).join(', '),
    pm2: packageVersion('node_modules/pm2'),
    node: process.versions.node,
    ...(nginx === undefined ? {} : { nginx }),
    kernel: `Linux ${release()}`,
    load: `${loadavg()[0]?.toFixed(2)} before the first row`,
    machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${Math.round(totalmem() / 2 ** 30)} GB`,
  }
}

function packageVersion(folder) {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')).version
}

function commit() {
  const git = (...args) => spawnSync('git', ['-C', root, ...args], { encoding: 'utf8' })
  const { status, stdout } = git('rev-parse', '--short', 'HEAD')
  if (status !== 0) return undefined
  const isDirty = git('status', '--porcelain').stdout.trim() !== ''
  return `commit ${stdout.trim()}${isDirty ? ' with changes' : ''}`
}
