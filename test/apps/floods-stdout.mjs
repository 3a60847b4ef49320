// Megabytes without a line break, while it answers.
import http from 'node:http'

const chunk = 'x'.repeat(64 * 1024)
let left = Number(process.env.CHUNKS ?? 320)
function flood() {
  if (left-- > 0) process.stdout.write(chunk, () => setImmediate(flood))
  else process.stdout.write('\nflood over\n')
}
http
  .createServer((_request, response) => response.end(JSON.stringify({ left })))
  .listen(process.env.PORT, flood)
