// Speaks HTTP/2, and HTTP/1.1 to those that do not.
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'

const key = readFileSync(new URL('tls/key.pem', import.meta.url))
const cert = readFileSync(new URL('tls/cert.pem', import.meta.url))

http2
  .createSecureServer({ key, cert, allowHTTP1: true }, (_request, response) => {
    response.setHeader('x-worker', String(process.pid))
    response.end(JSON.stringify({ pid: process.pid }))
  })
  .listen(process.env.PORT)
