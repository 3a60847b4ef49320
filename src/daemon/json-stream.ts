// An answer of JSON lines that stays open while something goes on. An empty line each few seconds tells the client that
// the daemon lives.
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

const HEARTBEAT_MS = 5000

/** Sends the lines that a task emits, until it ends. The task goes on when the client leaves. */
export async function sendTask(
  response: ServerResponse,
  task: (emit: (value: unknown) => void) => Promise<void>,
): Promise<void> {
  const stopHeartbeat = begin(response)
  try {
    await task((value) => response.write(`${JSON.stringify(value)}\n`))
  } finally {
    stopHeartbeat()
    response.end()
  }
}

/** Sends values only as fast as the client reads them. Aborts `leaving` when the client has left; then the values end. */
export async function sendValues(
  response: ServerResponse,
  values: AsyncIterable<unknown>,
  leaving: AbortController,
): Promise<void> {
  const stopHeartbeat = begin(response)
  response.once('close', () => leaving.abort())
  try {
    for await (const value of values) {
      if (response.destroyed) break
      const hasRoom = response.write(`${JSON.stringify(value)}\n`)
      if (!hasRoom) await once(response, 'drain', { signal: leaving.signal }).catch(() => undefined)
    }
  } finally {
    stopHeartbeat()
    response.end()
  }
}

function begin(response: ServerResponse): () => void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  response.flushHeaders()
  const heartbeat = setInterval(() => response.write('\n'), HEARTBEAT_MS)
  response.once('close', () => clearInterval(heartbeat))
  return () => clearInterval(heartbeat)
}
