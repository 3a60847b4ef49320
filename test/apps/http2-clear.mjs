import http2 from 'node:http2'

http2
  .createServer((_request, response) => {
    response.setHeader('x-worker', String(process.pid))
    response.end(JSON.stringify({ pid: process.pid }))
  })
  .listen(process.env.PORT)
