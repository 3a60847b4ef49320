// The process the clients run in, so that neither the test nor the clients slow each other down. It reads one JSON
// line of options, answers each line `report` with the counts so far, and `stop` with the last ones.
import { createInterface } from 'node:readline'
import { runHttp1Client } from './http1-client.ts'
import { runHttp2Client } from './http2-client.ts'
import { Tally } from './outcomes.ts'
import type { LoadOptions } from './target.ts'
import { targetOf } from './target.ts'

const tally = new Tally()
const stopping = new AbortController()
let clients: Promise<unknown> = Promise.resolve()

createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'report') report()
    else if (line === 'stop') stop().catch(fail)
    else begin(JSON.parse(line))
  })
  // Nobody is there to read the counts any more.
  .on('close', () => {
    if (!stopping.signal.aborted) process.exit(1)
  })

function begin(options: LoadOptions): void {
  const target = targetOf(options)
  const runClient = target.kind === 'http2' ? runHttp2Client : runHttp1Client
  const running = Array.from({ length: target.clients }, () => runClient(target, tally, stopping.signal))
  clients = Promise.all(running)
  clients.catch(fail)
}

async function stop(): Promise<void> {
  stopping.abort()
  await clients
  report()
  process.stdin.destroy()
}

function report(): void {
  process.stdout.write(`${JSON.stringify(tally.report())}\n`)
}

function fail(error: unknown): void {
  console.error(error)
  process.exit(1)
}
