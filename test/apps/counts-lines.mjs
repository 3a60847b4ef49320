// Serves, and writes numbered lines all the time: LINES_PER_S of them, each complete in itself. How many it has written
// is kept in a file of its name in COUNTS, so that it is known also when it gets SIGKILL.
import { openSync, writeSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'

const { PORT, COUNTS, LINES_PER_S = '1000' } = process.env
const TICK_MS = 5
const name = `${process.pid}-${Date.now().toString(36)}`
const counter = openSync(join(COUNTS, name), 'w')
const startedMs = performance.now()
let written = 0

setInterval(() => {
  const due = Math.floor(((performance.now() - startedMs) / 1000) * Number(LINES_PER_S))
  while (written < due) process.stdout.write(`${name} ${written} ${'.'.repeat(written++ % 80)} ${name}\n`)
  writeSync(counter, String(written), 0)
}, TICK_MS)

http
  .createServer((request, response) => {
    response.setHeader('x-worker', String(process.pid))
    if (request.url === '/crash') process.exit(1)
    request.resume().once('end', () => setTimeout(() => response.end('{"ok":true}'), Math.random() * 10))
  })
  .listen(Number(PORT))
