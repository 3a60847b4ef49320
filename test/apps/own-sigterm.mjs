// Closes its server itself, as the manuals say.
import http from 'node:http'

const server = http.createServer((request, response) => {
  response.setHeader('x-worker', String(process.pid))
  const url = new URL(request.url, 'http://app')
  const waitMs = Number(url.searchParams.get('ms') ?? 0)
  request.resume().once('end', () => {
    setTimeout(() => response.end(JSON.stringify({ pid: process.pid })), waitMs)
  })
})
server.listen(process.env.PORT)
process.on('SIGTERM', () => {
  console.log('SIGTERM: closing')
  server.close(() => {
    console.log('closed')
    process.exit(0)
  })
})
