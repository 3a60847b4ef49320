import http from 'node:http'

interface Answer {
  readonly pid: number
}

function answer(): Answer {
  return { pid: process.pid }
}

const port: number = Number(process.env.PORT)
http
  .createServer((request, response) => {
    response.setHeader('x-worker', String(process.pid))
    request.resume().once('end', () => response.end(JSON.stringify(answer())))
  })
  .listen(port)
