// Folders outside of any home that daemons have left which were killed: those of public agent sockets, and the temporary
// homes of "upkeep run". Only what is ours, has an owner that is proven to be gone, and serves nobody, is removed.
import { lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isSystemError } from '../../base/failure.ts'
import { WORKER_ENV } from '../../protocol/agent.ts'
import { findByEnvironment } from '../../supervisor/process/process-stat.ts'
import { type Home, homeIn } from '../home.ts'
import { disownFolder, isOwnerGone } from './folder-owner.ts'

const PUBLIC_FOLDERS = { parent: '/run', names: /^upkeep-[0-9a-f]{16}$/ }
const TEMPORARY_HOMES = /^upkeep-[A-Za-z0-9]{6}$/

/** Never throws; what cannot be removed is in nobody's way. */
export async function sweepAbandoned(own: Home): Promise<void> {
  const kept = new Set([own.directory, dirname(own.publicAgentSocketPath)])
  const publicFolders = foldersIn(PUBLIC_FOLDERS.parent, PUBLIC_FOLDERS.names)
  const homes = foldersIn(tmpdir(), TEMPORARY_HOMES)
  for (const folder of publicFolders.filter((each) => !kept.has(each))) await tryTo(() => sweepPublic(folder))
  for (const folder of homes.filter((each) => !kept.has(each))) await tryTo(() => sweepHome(folder))
}

async function sweepPublic(folder: string): Promise<void> {
  const socket = join(folder, 'agent.sock')
  if (!isOwnerGone(folder) || !(await isDeaf(socket)) || isAwaited(socket)) return
  rmSync(socket, { force: true })
  disownFolder(folder)
  // What else is in there is not of ours, and keeps the folder.
  rmdirSync(folder)
}

async function sweepHome(folder: string): Promise<void> {
  const { controlSocket, agentSocketPath, publicAgentSocketPath } = homeIn(folder)
  if (!isOwnerGone(folder) || !(await isDeaf(controlSocket))) return
  if (isAwaited(agentSocketPath) || isAwaited(publicAgentSocketPath)) return
  rmSync(folder, { recursive: true, force: true })
}

/** Workers outlive their daemon, and with this another one can still be given them. */
function isAwaited(agentSocket: string): boolean {
  return findByEnvironment(WORKER_ENV.socket, agentSocket).length > 0
}

/** Folders of this user that nobody else can write. */
function foldersIn(parent: string, names: RegExp): string[] {
  try {
    const found = readdirSync(parent).filter((name) => names.test(name))
    return found
      .sort()
      .map((name) => join(parent, name))
      .filter(isOurs)
  } catch {
    return []
  }
}

function isOurs(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o022) === 0
}

/** True when it is certain that nobody listens. */
async function isDeaf(socketPath: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(socketPath)
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.once('error', (error) => resolve(isSystemError(error, 'ECONNREFUSED', 'ENOENT')))
  })
}

async function tryTo(sweep: () => Promise<void>): Promise<void> {
  try {
    await sweep()
  } catch {
    // Somebody else was faster, or uses it.
  }
}
