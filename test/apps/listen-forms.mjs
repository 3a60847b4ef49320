// One form of listen(), chosen by FORM; prints where it listens.
import http from 'node:http'
import net from 'node:net'

const { FORM, PORT, SOCKET } = process.env
const port = Number(PORT)
const answer = (_request, response) => {
  response.setHeader('x-worker', String(process.pid))
  response.end(JSON.stringify({ pid: process.pid }))
}
const server = http.createServer(answer)
const told = (label, which = server) => console.log(`${label} ${JSON.stringify(which.address())}`)

const forms = {
  'port 0': () => server.listen(0, () => told('listening')),
  'nothing at all': () => server.listen(() => told('listening')),
  'unix socket': () => server.listen(SOCKET, () => told('listening')),
  'unix socket by options': () => server.listen({ path: SOCKET }, () => told('listening')),
  'IPv4 host': () => server.listen(port, '127.0.0.1', () => told('listening')),
  'IPv6 host': () => server.listen(port, '::1', () => told('listening')),
  'IPv6 only': () => server.listen({ port, host: '::', ipv6Only: true }, () => told('listening')),
  'host name': () => server.listen(port, 'localhost', () => told('listening')),
  'port as text': () => server.listen(String(port), () => told('listening')),
  backlog: () => server.listen(port, '127.0.0.1', 5, () => told('listening')),
  'backlog by options': () => server.listen({ port, backlog: 5 }, () => told('listening')),
  exclusive: () =>
    server.listen({ port: port + Number(process.env.UPKEEP_INSTANCE), exclusive: true }, () =>
      told('listening'),
    ),
  descriptor: () => {
    const address = ['0.0.0.0', port + Number(process.env.UPKEEP_INSTANCE), 4]
    const inherited = net._createServerHandle(...address)
    server.listen({ fd: inherited.fd }, () => told('listening'))
  },
  'several servers': () => {
    server.listen(port, () => told('listening'))
    http.createServer(answer).listen(port + 1)
    net.createServer((socket) => socket.end(`raw ${process.pid}`)).listen(port + 2)
  },
  'two random ports': () => {
    server.listen(0, () => told('first'))
    const second = http.createServer(answer).listen(0, () => told('second', second))
  },
  'close, then listen again': () => {
    server.listen(port, () => {
      server.close(() => server.listen(port, () => told('listening again')))
    })
  },
  'twice on one server': () => {
    server.listen(port, () => told('listening'))
    try {
      server.listen(port + 1)
    } catch (error) {
      console.log(`threw ${error.code}`)
    }
  },
  'the same port twice': () => {
    server.listen(port, () => {
      const second = http.createServer(answer)
      second.once('error', (error) => console.log(`error ${error.code} ${error.syscall} ${error.port}`))
      second.listen(port)
    })
  },
  'port taken': () => {
    server.once('error', (error) => {
      console.log(`error ${error.code} ${error.syscall}`)
      server.listen(0, () => told('listening'))
    })
    server.listen(port)
  },
  'port of the privileged': () => {
    server.once('error', (error) => console.log(`error ${error.code} ${error.syscall}`))
    server.listen(81)
    setInterval(() => {}, 1000)
  },
  'aborted by a signal': () => {
    const controller = new AbortController()
    server.once('close', () => console.log('closed by the signal'))
    server.listen({ port, signal: controller.signal }, () => controller.abort())
    setInterval(() => {}, 1000)
  },
  'address before the event': () => {
    server.listen(port)
    console.log(`listening ${server.listening}`)
    server.once('listening', () => told('listening'))
  },
}
forms[FORM]()
