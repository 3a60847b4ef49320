// Has workers of its own, as apps had before they knew a supervisor.
import cluster from 'node:cluster'
import http from 'node:http'

if (cluster.isPrimary) {
  for (let count = 0; count < 2; count++) cluster.fork()
  process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill('SIGTERM')
    cluster.disconnect(() => process.exit(0))
  })
} else {
  const server = http.createServer((_request, response) => {
    response.setHeader('x-worker', String(process.pid))
    response.end(JSON.stringify({ pid: process.pid, primary: process.ppid, execArgv: process.execArgv }))
  })
  server.listen(Number(process.env.PORT))
  process.on('SIGTERM', () => server.close(() => process.exit(0)))
}
