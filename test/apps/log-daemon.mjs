// Reads a worker's output with the log module of <url>, as the daemon does: <url> <directory> create <command…> | adopt
// Says `reading` when it reads; `adopt` ends when the worker has ended. KILL_AT, such as `7:before`, ends it with SIGKILL at
// the seventh change it makes to a file from then on: before, after, or in the middle of it.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'

const [killAt = '', when = ''] = (process.env.KILL_AT ?? '').split(':')
let changes = Number.NEGATIVE_INFINITY
for (const name of ['writeSync', 'ftruncateSync', 'truncateSync', 'renameSync', 'rmSync', 'openSync'])
  fs[name] = killedAt(fs[name])
syncBuiltinESMExports()

const [url, directory, how, ...command] = process.argv.slice(2)
const { AppLogs } = await import(new URL('supervisor/logs/app-logs.js', url))
const { LogFeed } = await import(new URL('supervisor/logs/log-feed.js', url))
const { WorkerOutput } = await import(new URL('supervisor/logs/worker-output.js', url))
const { settleSpools } = await import(new URL('supervisor/logs/pipe/settle-spools.js', url))
const { Spooler } = await import(new URL('supervisor/logs/pipe/spooler.js', url))
const { FifoStock } = await import(new URL('supervisor/logs/pipe/fifo-stock.js', url))
const { systemClock } = await import(new URL('base/clock.js', url))

const spec = {
  format: process.env.FORMAT ?? 'plain',
  maxSizeBytes: Number(process.env.MAX_SIZE ?? 300_000),
  rotateEveryMs: null,
  keep: 1000,
  maxTotalBytes: 1e9,
  compress: true,
}
const runDirectory = join(directory, 'run')
fs.mkdirSync(runDirectory, { recursive: true })
const onUnusable = (reason) => console.error('no spooler', reason)
const spooler = new Spooler({ directory: runDirectory, clock: systemClock, onUnusable })
const logs = new AppLogs({
  app: 'web',
  directory,
  spec,
  clock: systemClock,
  feed: new LogFeed(),
  spooler,
  onProblem: (text) => console.error(text),
})
const fifoStock = new FifoStock(runDirectory, systemClock)
const options = { logs, runDirectory, fifoStock, workerId: 'worker', instance: 0 }

if (how === 'create') {
  const output = await WorkerOutput.create({ ...options, owner: null })
  await fifoStock.close()
  const stdio = ['ignore', output.stdoutFd, output.stderrFd]
  const worker = spawn(process.execPath, command, { detached: true, stdio })
  output.spawned()
  console.log(`reading ${worker.pid}`)
} else {
  changes = 0
  settleSpools(runDirectory, directory)
  const output = await WorkerOutput.adopt({ ...options, pid: process.pid })
  console.log('reading')
  await output.finish(60_000)
  await logs.close()
  await spooler.close()
}

function killedAt(call) {
  return (...args) => {
    const isNow = ++changes === Number(killAt)
    if (isNow && when === 'before') process.kill(process.pid, 'SIGKILL')
    // The kernel copies page by page: what is smaller and stays in a page, as a write at a place does here, is not cut.
    if (isNow && when === 'amid' && ArrayBuffer.isView(args[1]) && args[4] === undefined) {
      const [fd, bytes, offset = 0, length = bytes.length] = args
      call(fd, bytes, offset, length >> 1)
      process.kill(process.pid, 'SIGKILL')
    }
    const result = call(...args)
    if (isNow) process.kill(process.pid, 'SIGKILL')
    return result
  }
}
