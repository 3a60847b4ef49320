// The same app over HTTP/2 without TLS.
const http2 = require('node:http2')

const { PORT = 3000, DELAY_MS = 0 } = process.env
const BODY = JSON.stringify({ ok: true, text: 'x'.repeat(100) })

const server = http2.createServer((_, response) => setTimeout(send, Math.random() * DELAY_MS, response))

function send(response) {
  response.writeHead(200, { 'content-type': 'application/json', 'x-worker': process.pid })
  response.end(BODY)
}

server.listen(Number(PORT), '127.0.0.1')
