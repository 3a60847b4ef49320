// How a worker is stopped: ask its agent, then signal, then kill the whole group. Each rung has a deadline.
import type { Timers } from '../../base/timers.ts'
import { sendSignal } from '../process/process-group.ts'
import { isRunning } from '../process/process-stat.ts'
import type { Worker } from './worker.ts'

/** An agent that does not say within this time that it drains is not there or hangs. */
const DRAIN_ANSWER_MS = 1000

export type Rung = 'drain' | 'signal' | 'kill'

type Stoppable = Pick<Worker, 'pid' | 'startTicks' | 'spec' | 'isAdopted' | 'agent' | 'end'>

export class StopLadder {
  /** The last rung that was taken. */
  rung: Rung | null = null
  readonly #worker: Stoppable
  readonly #timers: Timers
  readonly #forwardedSignal: () => NodeJS.Signals | null

  constructor(worker: Stoppable, timers: Timers, forwardedSignal: () => NodeJS.Signals | null) {
    this.#worker = worker
    this.#timers = timers
    this.#forwardedSignal = forwardedSignal
  }

  descend(timeoutMs: number): void {
    const { isAdopted, spec, agent } = this.#worker
    this.#timers.later(timeoutMs, () => this.#kill())
    const isAgentExpected = isAdopted && spec.isNode && !agent.isConnected
    // A signal ends most programs at once, with the requests they have in hand.
    if (isAgentExpected) void agent.introduced.then(() => this.#ask(timeoutMs))
    else this.#ask(timeoutMs)
  }

  #ask(timeoutMs: number): void {
    const { agent, spec, end } = this.#worker
    const signal = this.#forwardedSignal() ?? spec.stop.signal
    if (end !== null) return
    if (!agent.isConnected) {
      this.#signal(signal)
      return
    }
    this.rung = 'drain'
    agent.askToDrain(signal, timeoutMs)
    this.#timers.later(Math.min(DRAIN_ANSWER_MS, timeoutMs), () => {
      if (!agent.isDraining) this.#signal(signal)
    })
  }

  #signal(signal: NodeJS.Signals): void {
    this.rung = 'signal'
    const { pid, startTicks, spec } = this.#worker
    if (!isRunning(pid, startTicks)) return
    // A shell script or another wrapper does not pass signals on; Node gets its own alone and decides for its children.
    sendSignal(spec.isNode ? pid : -pid, signal)
  }

  #kill(): void {
    this.rung = 'kill'
    const { pid, startTicks } = this.#worker
    if (!isRunning(pid, startTicks)) return
    if (!sendSignal(-pid, 'SIGKILL')) sendSignal(pid, 'SIGKILL')
  }
}
