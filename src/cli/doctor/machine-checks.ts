// What the machine must have, whatever runs on it.
import { readFileSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { findOnPath, isFolder } from '../../config/resolve/find-program.ts'
import { shownBytes } from '../terminal/quantities.ts'
import { type Finding, good, problem, warning } from './check.ts'

const OLDEST_NODE = [20, 19]
const LOW_SPACE_BYTES = 1024 ** 3
const NO_SPACE_BYTES = 50 * 1024 ** 2
const FEW_FILES = 4096

export function checkNode(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE
  const isOld = major < oldestMajor || (major === oldestMajor && minor < oldestMinor)
  if (isOld) return problem('node', `Node.js ${version} is too old`, 'Upkeep needs 20.19 or later')
  return good('node', `Node.js ${version} at ${process.execPath}`)
}

const PROGRAMS: readonly (readonly [program: string, without: Finding])[] = [
  ['mkfifo', problem('mkfifo', 'mkfifo is missing, so no app can be started', 'Install coreutils')],
  [
    'flock',
    warning(
      'flock',
      'flock is missing: two daemons could share a home from two containers',
      'Install util-linux',
    ),
  ],
  [
    'perl',
    warning(
      'perl',
      'perl is missing: a kill of the daemon can lose the log lines that it has just read',
      'Install perl; on Debian and Ubuntu it is in perl-base',
    ),
  ],
  [
    'prlimit',
    warning('prlimit', 'prlimit is missing: apps with "ulimits" cannot be started', 'Install util-linux'),
  ],
]

export function checkPrograms(env: NodeJS.ProcessEnv): Finding[] {
  const place = { cwd: '/', path: env.PATH ?? '' }
  return PROGRAMS.filter(([program]) => program !== 'prlimit' || process.platform === 'linux').map(
    ([program, without]) => {
      const path = findOnPath(program, place)
      return path === undefined ? without : good(program, path)
    },
  )
}

export function checkSpace(home: string): Finding {
  const folder = existing(home)
  const { bavail, bsize, files, ffree } = statfsSync(folder)
  const free = bavail * bsize
  const shown = `${shownBytes(free)} are free where the home and the logs are`
  if (files > 0 && ffree === 0)
    return problem('space', `No file can be made in ${folder}`, 'The disk has no inodes left: remove files')
  if (free < NO_SPACE_BYTES)
    return problem('space', `Only ${shown}`, 'Make room: state and logs cannot be written soon')
  if (free < LOW_SPACE_BYTES)
    return warning('space', `Only ${shown}`, 'Make room, or lower logs.maxTotalSize')
  return good('space', shown)
}

function existing(folder: string): string {
  return isFolder(folder) || folder === '/' ? folder : existing(dirname(folder))
}

/** What this command may open is what a daemon that it starts may. */
export function checkOpenFiles(
  limits = tryRead('/proc/self/limits'),
  used = tryRead('/proc/sys/fs/file-nr'),
): Finding {
  const [, hard = ''] = /^Max open files\s+\S+\s+(\S+)/m.exec(limits ?? '') ?? []
  const [open = 0, , most = Number.POSITIVE_INFINITY] = (used ?? '').trim().split(/\s+/).map(Number)
  if (open > most * 0.9)
    return problem(
      'files',
      `${open} of ${most} files of the machine are open`,
      'Raise fs.file-max with sysctl',
    )
  if (hard !== '' && Number(hard) < FEW_FILES)
    return warning(
      'files',
      `A process may open only ${hard} files`,
      'Raise "nofile" in /etc/security/limits.conf',
    )
  return good('files', hard === '' ? 'the limit is not known here' : `a process may open ${hard} files`)
}

export function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
