import http from 'node:http'
import { WebSocketServer } from 'ws'

const server = http.createServer((_request, response) => {
  response.setHeader('x-worker', String(process.pid))
  response.end(JSON.stringify({ pid: process.pid }))
})
const sockets = new WebSocketServer({ server })
sockets.on('connection', (socket) => {
  socket.on('message', (data) => socket.send(`${process.pid} ${data}`))
})
server.listen(Number(process.env.PORT))
