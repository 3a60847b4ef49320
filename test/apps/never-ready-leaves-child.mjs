// Lives without ever listening, and leaves a process behind that holds its pipes for a while longer.
import { spawn } from 'node:child_process'

console.log('still waiting for something')
spawn('sleep', ['3'], { detached: true, stdio: 'inherit' }).unref()
setInterval(() => {}, 1000)
