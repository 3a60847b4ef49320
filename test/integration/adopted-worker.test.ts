import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import type { AppSpec } from '../../src/protocol/app-spec.ts'
import { Instance } from '../../src/supervisor/instance/instance.ts'
import { WorkerOutput } from '../../src/supervisor/logs/worker-output.ts'
import { tryReadStat } from '../../src/supervisor/process/process-stat.ts'
import { ResourceMeter } from '../../src/supervisor/process/resource-meter.ts'
import { ListeningSockets } from '../../src/supervisor/sockets/listening-sockets.ts'
import { Worker, type WorkerSurroundings } from '../../src/supervisor/worker/worker.ts'
import { type LogsUnderTest, logsOf } from '../support/logs.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { testApp } from '../support/package-root.ts'

test('looking after an adopted worker for long costs no more than for a moment', async (t) => {
  const underTest = logsOf(t)
  const { logs, runDirectory, fifoStock } = underTest
  const common = { logs, runDirectory, workerId: 'web.0.0a', instance: 0 }
  const output = await WorkerOutput.create({ ...common, fifoStock, owner: null })
  const clock = new CountingClock()
  const worker = new Worker({
    around: around(underTest, clock),
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

test('a worker that dies while it is adopted is known to have died', async (t) => {
  const underTest = logsOf(t)
  const child = spawn(process.execPath, [testApp('http.mjs')], { stdio: 'ignore' })
  await once(child, 'spawn')
  const { pid = 0 } = child
  const clock = new ManualClock()
  const spec = { isNode: true, ready: { when: 'listening' }, restart: { policy: 'never' } } as AppSpec
  const instance = new Instance(0, spec, {
    around: around(underTest, clock),
    meter: new ResourceMeter(clock),
    hasListened: () => true,
    changed() {},
    event() {},
  })
  const worker = {
    id: 'web.0.0a',
    pid,
    startTicks: tryReadStat(pid)?.startTicks ?? null,
    startedAtMs: 0,
    readyAtMs: 0,
    readyAfterMs: 0,
    addresses: [],
  }

  // It is looked at before this returns; then its pipes, which are gone, are made anew.
  const adopted = instance.adopt({
    index: 0,
    state: 'ready',
    spec,
    worker,
    others: [],
    restarts: 0,
    lastExit: null,
  })
  child.kill('SIGKILL')
  await once(child, 'exit')
  await adopted

  assert.equal(instance.state, 'failed')
})

/** What is around a worker whose agent never comes. */
function around({ logs, runDirectory, fifoStock }: LogsUnderTest, clock: ManualClock): WorkerSurroundings {
  return {
    clock,
    logs,
    runDirectory,
    fifoStock,
    agentSocketPath: '',
    publicAgentSocketPath: '',
    sockets: new ListeningSockets(),
    forwardedSignal: () => null,
  }
}

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
