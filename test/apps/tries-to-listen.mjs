// Tries to listen on each target of $TARGETS (JSON) and answers what became of it.
import http from 'node:http'
import net from 'node:net'

const results = JSON.parse(process.env.TARGETS).map(
  (target) =>
    new Promise((resolve) => {
      const server = net.createServer()
      server.once('error', ({ code }) => resolve(code))
      server.listen(target, () => resolve('listens'))
    }),
)
const answer = JSON.stringify(await Promise.all(results))
http
  .createServer((_request, response) => response.end(answer))
  .listen(process.env.PORT, () => process.send('ready'))
