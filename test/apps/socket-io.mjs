import http from 'node:http'
import { Server } from 'socket.io'

const server = http.createServer((_request, response) => {
  response.setHeader('x-worker', String(process.pid))
  response.end(JSON.stringify({ pid: process.pid }))
})
const io = new Server(server, { transports: ['websocket'] })
io.on('connection', (socket) => {
  socket.on('echo', (data, answer) => answer({ pid: process.pid, data }))
})
server.listen(Number(process.env.PORT))
