// Where agents connect when their daemon was replaced. They say who they are; only who is known may say more.
import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { AgentConnection } from '../supervisor/agents/agent-connection.ts'
import { parseAgentMessage } from '../supervisor/agents/agent-message.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { SocketFile } from './guard/socket-file.ts'
import type { Home } from './home.ts'
import { ownFolder } from './outside/folder-owner.ts'

const HELLO_WITHIN_MS = 5000
const MOST_HELLO_CHARS = 4096
/** Whoever connects and says nothing cannot take all descriptors of the daemon. */
const MOST_STRANGERS = 64

/** To be opened by the caller. */
export function agentSockets(home: Home, supervisor: Supervisor): SocketFile[] {
  const { agentSocketPath, publicAgentSocketPath } = home
  const own = new SocketFile({ server: agentServer(supervisor), path: agentSocketPath, mode: 0o600 })
  if (publicAgentSocketPath === agentSocketPath) return [own]
  const forOthers = new SocketFile({
    server: agentServer(supervisor),
    path: publicAgentSocketPath,
    // Anybody may connect, but only a worker, its user and root know the id that counts.
    mode: 0o666,
    prepare: () => tryMakeFolder(dirname(publicAgentSocketPath)),
  })
  return [own, forOthers]
}

function tryMakeFolder(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o711 })
    chmodSync(path, 0o711)
    if (!lstatSync(path).isDirectory()) return false
    ownFolder(path)
    return true
  } catch {
    // Without it only the workers of other users cannot hand over their sockets.
    return false
  }
}

function agentServer(supervisor: Supervisor): Server {
  const strangers = new Set<Socket>()
  return createServer((socket) => {
    // An agent says who it is at once. The one that is silent for longest makes room, so that strangers keep no agent out.
    if (strangers.size >= MOST_STRANGERS) sendAway(strangers)
    strangers.add(socket)
    socket.once('close', () => strangers.delete(socket))
    readHello(socket, (line, rest) => {
      strangers.delete(socket)
      if (!tryConnect(supervisor, socket, line, rest)) socket.destroy()
    })
  })
}

function sendAway(strangers: Set<Socket>): void {
  const [longest] = strangers
  if (longest === undefined) return
  strangers.delete(longest)
  longest.destroy()
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
  const agent = supervisor.findWorker(hello.worker)?.agent
  if (agent?.mayConnect() !== true) return false
  agent.connect(AgentConnection.ofSocket(socket), hello, rest)
  return true
}

function tryParse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
