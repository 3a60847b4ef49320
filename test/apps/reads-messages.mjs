// Whatever arrives at process.on('message') is for the app; here it must stay empty.
import http from 'node:http'

const messages = []
process.on('message', (message) => messages.push(message))
process.on('disconnect', () => messages.push('disconnect'))
http
  .createServer((_request, response) => {
    response.setHeader('x-worker', String(process.pid))
    response.end(JSON.stringify({ pid: process.pid, messages }))
  })
  .listen(process.env.PORT)
