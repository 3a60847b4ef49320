// Answers with what it was given, so that a test can compare it to the last character.
import http from 'node:http'

const server = http.createServer((request, response) => {
  const { ODD, UPKEEP_INSTANCE, LISTEN_FDS } = process.env
  const { pid } = process
  response.setHeader('x-worker', String(pid))
  response.end(
    JSON.stringify({
      pid,
      odd: ODD,
      instance: UPKEEP_INSTANCE,
      fds: LISTEN_FDS,
      args: process.argv.slice(2),
    }),
  )
})
server.listen(Number(process.env.PORT))
process.once('SIGTERM', () => server.close(() => process.exit()))
