// Its grandchildren outlive it if nobody ends the whole group.
import { spawn } from 'node:child_process'
import http from 'node:http'

const pids = [0, 1].map(() => {
  const child = spawn('sh', ['-c', 'sleep 1000 & echo $!; wait'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const grandchild = new Promise((resolve) => child.stdout.once('data', (data) => resolve(Number(data))))
  return [child.pid, grandchild]
})
const all = await Promise.all(pids.flat())
http
  .createServer((_request, response) => response.end(JSON.stringify({ pids: all })))
  .listen(process.env.PORT)
