import http from 'node:http'

process.disconnect?.()
http
  .createServer((_request, response) => {
    response.setHeader('x-worker', String(process.pid))
    response.end(JSON.stringify({ pid: process.pid, connected: process.connected }))
  })
  .listen(process.env.PORT)
