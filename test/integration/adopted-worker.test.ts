import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppSpec } from '../../src/protocol/app-spec.ts'
import { WorkerOutput } from '../../src/supervisor/logs/worker-output.ts'
import { tryReadStat } from '../../src/supervisor/process/process-stat.ts'
import { ListeningSockets } from '../../src/supervisor/sockets/listening-sockets.ts'
import { Worker } from '../../src/supervisor/worker/worker.ts'
import { logsOf } from '../support/logs.ts'
import { ManualClock } from '../support/manual-clock.ts'

test('looking after an adopted worker for long costs no more than for a moment', async (t) => {
  const { logs, runDirectory, fifoStock } = logsOf(t)
  const common = { logs, runDirectory, workerId: 'web.0.0a', instance: 0 }
  const output = await WorkerOutput.create({ ...common, fifoStock, owner: null })
  const clock = new CountingClock()
  const worker = new Worker({
    around: {
      clock,
      logs,
      runDirectory,
      fifoStock,
      agentSocketPath: '',
      publicAgentSocketPath: '',
      sockets: new ListeningSockets(),
      forwardedSignal: () => null,
    },
    watcher: { ready() {}, exited() {}, leaving() {}, changed() {} },
    spec: { isNode: true, ready: { when: 'listening' } } as AppSpec,
    instance: 0,
    output,
    record: {
      id: 'web.0.0a',
      pid: process.pid,
      startTicks: tryReadStat(process.pid)?.startTicks ?? null,
      startedAtMs: 0,
      readyAtMs: null,
      readyAfterMs: null,
      addresses: [],
    },
    hasListenedBefore: false,
  })

  worker.begin()
  clock.advance(60_000)
  worker.letGo()

  assert.equal(clock.cancelled, 1)
})

class CountingClock extends ManualClock {
  cancelled = 0

  override timer(delayMs: number, callback: () => void): () => void {
    const cancel = super.timer(delayMs, callback)
    return () => {
      this.cancelled++
      cancel()
    }
  }
}
