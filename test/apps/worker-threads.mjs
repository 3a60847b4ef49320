// Each answer is made in a thread.
import http from 'node:http'
import { isMainThread, parentPort, threadId, Worker } from 'node:worker_threads'

if (isMainThread) {
  const waiting = []
  const thread = new Worker(new URL(import.meta.url))
  thread.on('message', (answer) => waiting.shift()(answer))
  http
    .createServer((request, response) => {
      request.resume()
      waiting.push((answer) => {
        response.setHeader('x-worker', String(process.pid))
        response.end(JSON.stringify({ pid: process.pid, ...answer }))
      })
      thread.postMessage('ask')
    })
    .listen(Number(process.env.PORT))
} else {
  parentPort.on('message', () => parentPort.postMessage({ thread: threadId }))
}
