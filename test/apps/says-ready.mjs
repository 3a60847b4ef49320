import http from 'node:http'

const server = http.createServer((_request, response) => {
  response.setHeader('x-worker', String(process.pid))
  response.end(JSON.stringify({ pid: process.pid, readyAfterMs: Number(process.env.READY_MS ?? 500) }))
})
server.listen(process.env.PORT, () => {
  setTimeout(() => process.send('ready'), Number(process.env.READY_MS ?? 500))
})
