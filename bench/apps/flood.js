// Load for requests per second: connections that ask again as soon as they are answered, or with `close` make room for a new
// one after each answer. The answers of a connection are all of one length, so it counts bytes instead of parsing.
//   node flood.js <port> <connections> <warm-up ms> <measured ms> <keep-alive|close>   prints { perSecond, failed }
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const [port, connections, warmUpMs, measuredMs] = process.argv.slice(2).map(Number)
const connection = process.argv[6]
const REQUEST = Buffer.from(`GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: ${connection}\r\n\r\n`)

let answered = 0
let failed = 0

for (let index = 0; index < connections; index++) connect()
await sleep(warmUpMs)
const before = { answered, atMs: performance.now() }
await sleep(measuredMs)
const perSecond = (answered - before.answered) / ((performance.now() - before.atMs) / 1000)
process.stdout.write(`${JSON.stringify({ perSecond, failed })}\n`, () => process.exit(0))

function connect() {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
  let answerBytes = 0
  let seenBytes = 0
  socket.on('connect', () => socket.write(REQUEST))
  socket.on('data', (chunk) => {
    if (answerBytes === 0) answerBytes = lengthOf(chunk)
    seenBytes += chunk.length
    if (seenBytes < answerBytes) return
    seenBytes -= answerBytes
    answered++
    if (connection === 'keep-alive') socket.write(REQUEST)
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    if (connection === 'keep-alive' || answerBytes === 0 || seenBytes > 0) failed++
    else connect()
  })
}

/** Of the first answer, which comes in one piece: head and body together. */
function lengthOf(chunk) {
  const text = chunk.toString('latin1')
  const bodyBytes = Number(/content-length: (\d+)/i.exec(text)?.[1])
  const length = text.indexOf('\r\n\r\n') + 4 + bodyBytes
  if (!text.startsWith('HTTP/1.1 200') || !(length > bodyBytes)) throw new Error(`not the answer: ${text}`)
  return length
}
