// Asked to end, it serves on until the file MAY_END is there.
import { existsSync } from 'node:fs'
import http from 'node:http'

const { PORT, MAY_END } = process.env

process.once('SIGTERM', () => {
  setInterval(() => {
    if (existsSync(MAY_END)) process.exit(0)
  }, 10)
})
http.createServer((_request, response) => response.end(String(process.pid))).listen(PORT)
