// Where agents connect when their daemon was replaced. They say who they are; only who is known may say more.
import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { AgentConnection } from '../supervisor/agent-connection.ts'
import { parseAgentMessage } from '../supervisor/agent-message.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import type { Home } from './home.ts'
import type { Door } from './unix-door.ts'
import { openDoor } from './unix-door.ts'

const HELLO_WITHIN_MS = 5000
const MOST_HELLO_CHARS = 4096
/** Agents try again; whoever else connects cannot take all descriptors of the daemon. */
const MOST_STRANGERS = 64

export async function serveAgents(home: Home, supervisor: Supervisor): Promise<Door[]> {
  const { agentSocketPath, publicAgentSocketPath } = home
  const own = await listenAt(agentSocketPath, 0o600, supervisor)
  if (publicAgentSocketPath === agentSocketPath) return [own]
  // Anybody may connect, but only a worker, its user and root know the id that counts.
  const isReady = tryMakeFolder(dirname(publicAgentSocketPath))
  return isReady ? [own, await listenAt(publicAgentSocketPath, 0o666, supervisor)] : [own]
}

function tryMakeFolder(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o711 })
    chmodSync(path, 0o711)
    return lstatSync(path).isDirectory()
  } catch {
    // Without it only the workers of other users cannot hand over their sockets.
    return false
  }
}

async function listenAt(path: string, mode: number, supervisor: Supervisor): Promise<Door> {
  const strangers = new Set<Socket>()
  const server = createServer((socket) => {
    if (strangers.size >= MOST_STRANGERS) {
      socket.destroy()
      return
    }
    strangers.add(socket)
    socket.once('close', () => strangers.delete(socket))
    readHello(socket, (line, rest) => {
      strangers.delete(socket)
      if (!tryConnect(supervisor, socket, line, rest)) socket.destroy()
    })
  })
  return await openDoor(server, path, mode)
}

/** Calls back with the first line and what came with it; nothing is read after that. */
function readHello(socket: Socket, onLine: (line: string, rest: string) => void): void {
  let text = ''
  const deadline = setTimeout(() => socket.destroy(), HELLO_WITHIN_MS)
  const take = (chunk: string) => {
    text += chunk
    const end = text.indexOf('\n')
    if (end < 0 && text.length <= MOST_HELLO_CHARS) return
    clearTimeout(deadline)
    socket.off('data', take).pause()
    if (end < 0) socket.destroy()
    else onLine(text.slice(0, end), text.slice(end + 1))
  }
  socket.once('close', () => clearTimeout(deadline))
  // A stranger that goes away is no error of ours.
  socket.on('error', () => {})
  socket.setEncoding('utf8').on('data', take)
}

function tryConnect(supervisor: Supervisor, socket: Socket, line: string, rest: string): boolean {
  const hello = parseAgentMessage(tryParse(line))
  if (hello?.type !== 'hello') return false
  const worker = supervisor.connect(hello.worker)
  if (worker?.mayConnect() !== true) return false
  worker.connect(AgentConnection.ofSocket(socket), hello, rest)
  return true
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
