// The app of most rows: answers a small JSON body. DELAY_MS makes it wait up to so long, so that requests are under way.
const http = require('node:http')

const { PORT = 3000, DELAY_MS = 0 } = process.env
const BODY = JSON.stringify({ ok: true, text: 'x'.repeat(100) })
let listeningAfterMs = 0

const server = http.createServer((request, response) => {
  if (request.url === '/started') response.end(String(listeningAfterMs))
  else if (request.method === 'POST') request.resume().once('end', () => answer(response))
  else answer(response)
})

function answer(response) {
  if (DELAY_MS > 0) setTimeout(send, Math.random() * DELAY_MS, response)
  else send(response)
}

function send(response) {
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': BODY.length,
    'x-worker': process.pid,
  })
  response.end(BODY)
}

server.listen(Number(PORT), '127.0.0.1', () => {
  // Since this process began, before any preload ran.
  listeningAfterMs = performance.now()
})
