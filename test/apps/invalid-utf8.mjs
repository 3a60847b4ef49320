import { writeSync } from 'node:fs'
import http from 'node:http'

writeSync(
  1,
  Buffer.from([0x62, 0x61, 0x64, 0x20, 0xff, 0xfe, 0xc3, 0x28, 0x20, 0x00, 0x1b, 0x5b, 0x32, 0x4a, 0x0a]),
)
writeSync(1, Buffer.from('then good: grüße\n'))
http.createServer((_request, response) => response.end(String(process.pid))).listen(process.env.PORT)
