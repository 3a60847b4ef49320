import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

await sleep(Number(process.env.BOOT_MS ?? 1000))
http
  .createServer((_request, response) => {
    response.setHeader('x-worker', String(process.pid))
    response.end(JSON.stringify({ pid: process.pid, version: process.env.VERSION }))
  })
  .listen(process.env.PORT)
