// Listens when the file MAY_BOOT is there.
import { existsSync } from 'node:fs'
import http from 'node:http'

const { PORT, MAY_BOOT } = process.env

const timer = setInterval(() => {
  if (!existsSync(MAY_BOOT)) return
  clearInterval(timer)
  http.createServer((_request, response) => response.end(String(process.pid))).listen(PORT)
}, 10)
