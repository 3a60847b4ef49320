// Where agents connect when their daemon was replaced. They say who they are, then send the sockets they listen on.
import { chmodSync } from 'node:fs'
import type { Server } from 'node:net'
import { createServer } from 'node:net'
import { PROTOCOL_VERSION } from '../protocol/version.ts'
import type { Supervisor } from '../supervisor/supervisor.ts'
import { AgentConnection } from '../supervisor/worker-channel.ts'
import { removeStale } from './stale-socket.ts'

export async function serveAgents(path: string, supervisor: Supervisor): Promise<Server> {
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
  chmodSync(path, 0o600)
  return server
}
