// Ends while a child of its own keeps stdout and stderr open. The child's pid is the first line.
import { spawn } from 'node:child_process'

const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], {
  detached: true,
  stdio: ['ignore', 'inherit', 'inherit'],
})
child.unref()
console.log(child.pid)
console.log('last words')
