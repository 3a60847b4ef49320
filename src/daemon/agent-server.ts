// Where agents connect when their daemon was replaced. They say who they are, then send the sockets they listen on.
import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import type { Server } from 'node:net'
import { createServer } from 'node:net'
import { dirname } from 'node:path'
import { PROTOCOL_VERSION } from '../protocol/version.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { AgentConnection } from '../supervisor/worker-channel.ts'
import type { Home } from './home.ts'
import { removeStale } from './stale-socket.ts'

export async function serveAgents(home: Home, supervisor: Supervisor): Promise<Server[]> {
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

async function listenAt(path: string, mode: number, supervisor: Supervisor): Promise<Server> {
  removeStale(path)
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const connection = new AgentConnection(socket)
    connection.receive((message) => {
      if (message.type !== 'hello') return
      const worker = message.version === PROTOCOL_VERSION ? supervisor.connect(message.worker) : undefined
      if (worker === undefined) {
        connection.send({ type: 'refused', reason: 'no such worker, or another version of Upkeep' })
        connection.close()
        return
      }
      worker.connect(connection, message)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  chmodSync(path, mode)
  return server
}
