const http = require('node:http')

http
  .createServer((request, response) => {
    response.setHeader('x-worker', String(process.pid))
    request.resume().once('end', () => response.end(JSON.stringify({ pid: process.pid })))
  })
  .listen(process.env.PORT)
