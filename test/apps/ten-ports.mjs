import http from 'node:http'

const first = Number(process.env.PORT)
for (let offset = 0; offset < 10; offset++) {
  http
    .createServer((_request, response) => {
      response.setHeader('x-worker', String(process.pid))
      response.end(JSON.stringify({ pid: process.pid, port: first + offset }))
    })
    .listen(first + offset)
}
