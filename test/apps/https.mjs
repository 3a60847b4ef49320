import { readFileSync } from 'node:fs'
import https from 'node:https'

const key = readFileSync(new URL('tls/key.pem', import.meta.url))
const cert = readFileSync(new URL('tls/cert.pem', import.meta.url))

https
  .createServer({ key, cert }, (request, response) => {
    response.setHeader('x-worker', String(process.pid))
    request.resume().once('end', () => response.end(JSON.stringify({ pid: process.pid })))
  })
  .listen(process.env.PORT)
