// Writes to the line to its supervisor what no agent would say.
import { writeSync } from 'node:fs'
import http from 'node:http'

const lines = [
  'not JSON',
  'null',
  '[]',
  '{"type":"__proto__"}',
  '{"type":"listen"}',
  '{"type":"listen","id":1,"address":null}',
  '{"type":"listen","id":1,"address":{"kind":"tcp","host":"nowhere","family":4,"port":1,"index":0,"ipv6Only":false}}',
  '{"type":"listen","id":1,"address":{"kind":"tcp","host":null,"family":6,"port":65536,"index":0,"ipv6Only":false}}',
  '{"type":"listen","id":1,"address":{"kind":"unix","path":"relative"}}',
  '{"type":"listening","key":7,"shown":{}}',
  '{"type":"socket","address":{"kind":"unix","path":"/none"},"shown":"no socket comes with it"}',
  'x'.repeat(3_000_000),
]
for (const line of lines) write(Buffer.from(`${line}\n`))

function write(bytes) {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(3, bytes, at)
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

http.createServer((_request, response) => response.end(String(process.pid))).listen(process.env.PORT)
