// Serves, then asks its supervisor for more than any app has: sockets, and addresses to show. Tells what became of the last.
import { writeSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'

const MANY = 3000

http.createServer((_request, response) => response.end(String(process.pid))).listen(process.env.PORT, ask)

function ask() {
  for (let id = 1; id <= MANY; id++) {
    const address = { kind: 'tcp', host: '127.0.0.1', family: 4, port: 0, index: id, ipv6Only: false }
    say({ type: 'listen', id: 1e6 + id, address })
    say({ type: 'listening', key: `key ${id}`, shown: `address ${id}` })
  }
  const last = net.createServer()
  last.once('error', ({ code }) => console.log(`the last: ${code}`))
  last.listen(0, () => console.log('the last: listens'))
}

function say(message) {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(3, bytes, at)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}
