// A preload that runs before the agent: the worker is gone before it has said a word, until the file MAY_LIVE is there.
const { existsSync } = require('node:fs')

if (!existsSync(process.env.MAY_LIVE)) process.kill(process.pid, 'SIGKILL')
