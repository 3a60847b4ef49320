// Server-sent events: a stream that never ends by itself, so somebody has to end it when the process is to go.
import type { Request, Response } from 'express'

const INTERVAL_MS = 1000
const open = new Set<Response>()

export function sendEvents(request: Request, response: Response): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  let id = Number(request.get('last-event-id') ?? 0)
  const send = () => {
    id++
    response.write(
      `id: ${id}\ndata: ${JSON.stringify({ pid: process.pid, time: new Date().toISOString() })}\n\n`,
    )
  }
  send()
  const timer = setInterval(send, INTERVAL_MS)
  open.add(response)
  response.once('close', () => {
    clearInterval(timer)
    open.delete(response)
  })
}

/** Clients connect again by themselves, to a worker that stays. */
export function endEvents(): void {
  for (const response of open) response.end()
}
