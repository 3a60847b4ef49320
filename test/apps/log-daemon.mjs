// Reads a worker's output with the log module of <url>, as the daemon does: <url> <directory> create <command…> | adopt
// Says `reading` when it reads; `adopt` ends when the worker has ended.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const [url, directory, how, ...command] = process.argv.slice(2)
const { AppLogs } = await import(new URL('supervisor/logs/app-logs.js', url))
const { LogFeed } = await import(new URL('supervisor/logs/log-feed.js', url))
const { WorkerOutput } = await import(new URL('supervisor/logs/worker-output.js', url))
const { FifoStock } = await import(new URL('supervisor/logs/pipe/fifo-stock.js', url))
const { systemClock } = await import(new URL('base/clock.js', url))

const spec = {
  format: 'plain',
  maxSizeBytes: 300_000,
  rotateEveryMs: null,
  keep: 1000,
  maxTotalBytes: 1e9,
  compress: true,
}
const logs = new AppLogs({
  app: 'web',
  directory,
  spec,
  clock: systemClock,
  feed: new LogFeed(),
  onProblem: (text) => console.error(text),
})
const runDirectory = join(directory, 'run')
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
  const output = await WorkerOutput.adopt({ ...options, pid: process.pid })
  console.log('reading')
  await output.finish(60_000)
  await logs.close()
}
