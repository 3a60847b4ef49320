// With $OLD_PID: ends at boot, and leaves a child that holds its output and kills that process a moment later.
import { spawn } from 'node:child_process'
import http from 'node:http'

const { OLD_PID, PORT } = process.env
if (OLD_PID === undefined) {
  http.createServer((_request, response) => response.end(String(process.pid))).listen(PORT)
} else {
  const script = `setTimeout(() => process.kill(${Number(OLD_PID)}, 'SIGKILL'), 150); setTimeout(() => {}, 3000)`
  const child = spawn(process.execPath, ['-e', script], { detached: true, stdio: 'inherit' })
  child.once('spawn', () => process.exit(1))
}
