// The server that ws makes itself.
import { WebSocketServer } from 'ws'

const sockets = new WebSocketServer({ port: Number(process.env.PORT) })
sockets.on('connection', (socket) => {
  socket.on('message', (data) => socket.send(`${process.pid} ${data}`))
})
