import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono()
app.all('/', (context) => {
  context.header('x-worker', String(process.pid))
  return context.json({ pid: process.pid })
})
serve({ fetch: app.fetch, port: Number(process.env.PORT) })
