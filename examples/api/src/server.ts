// An ordinary Express app. Nothing in it knows about Upkeep: `node src/server.ts` runs it as well.

import type { NextFunction, Request, Response } from 'express'
import express from 'express'
import { WebSocketServer } from 'ws'
import { endEvents, sendEvents } from './events.ts'
import { parseOrder } from './orders.ts'

const MOST_SLOW_MS = 10_000
const port = Number(process.env.PORT ?? 3000)
const app = express()

app.disable('x-powered-by')
app.use(express.json({ limit: '100kb' }))
app.use((_request, response, next) => {
  response.set('x-worker', String(process.pid))
  next()
})

app.get('/', (_request, response) => {
  response.json({ hello: 'world', pid: process.pid, instance: process.env.NODE_APP_INSTANCE })
})

app.get('/healthz', (_request, response) => {
  response.json({ ok: true, uptime: process.uptime() })
})

app.get('/users/:id', (request, response) => {
  const id = Number(request.params.id)
  if (!Number.isInteger(id) || id < 1) response.status(404).json({ error: 'no such user' })
  else response.json({ id, name: `User ${id}` })
})

app.post('/orders', (request, response) => {
  const order = parseOrder(request.body)
  if ('problems' in order) response.status(400).json({ error: 'not an order', problems: order.problems })
  else response.status(201).json({ id: crypto.randomUUID(), ...order })
})

app.get('/slow', (request, response) => {
  const waitMs = Math.min(Math.max(Number(request.query.ms ?? 1000) || 0, 0), MOST_SLOW_MS)
  setTimeout(() => response.json({ waitedMs: waitMs }), waitMs)
})

app.get('/events', sendEvents)

app.use((_request, response) => {
  response.status(404).json({ error: 'not found' })
})

// Express knows an error handler by its four parameters.
app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500
  if (status >= 500) console.error(error)
  response
    .status(status)
    .json({ error: status < 500 && error instanceof Error ? error.message : 'internal error' })
})

const server = app.listen(port, (error) => {
  if (error) throw error
  console.log(`listening on port ${port}`)
})

const sockets = new WebSocketServer({ server, path: '/ws', maxPayload: 64 * 1024 })
sockets.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  socket.on('error', (error) => console.error(error))
})

process.once('SIGTERM', () => {
  endEvents()
  for (const socket of sockets.clients) socket.close(1001, 'going away')
  server.close(() => process.exit(0))
})
