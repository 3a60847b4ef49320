// Closes every socket it did not open itself, as daemons of old did; among them the line to its supervisor.
import { closeSync, readdirSync, readlinkSync } from 'node:fs'
import http from 'node:http'

for (const name of readdirSync('/proc/self/fd')) {
  if (Number(name) < 3) continue
  try {
    if (readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:')) closeSync(Number(name))
  } catch {}
}
http.createServer((_request, response) => response.end(String(process.pid))).listen(process.env.PORT)
