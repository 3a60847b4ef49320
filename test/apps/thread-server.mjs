// The server itself lives in a thread.
import http from 'node:http'
import { isMainThread, Worker } from 'node:worker_threads'

if (isMainThread) new Worker(new URL(import.meta.url))
else {
  http
    .createServer((_request, response) => response.end(JSON.stringify({ pid: process.pid })))
    .listen(Number(process.env.PORT))
}
