import { renameSync } from 'node:fs'
import { join } from 'node:path'

import type { Clock } from '../../../base/clock.ts'
import { isSystemError } from '../../../base/failure.ts'
import { makeFifos, removeFifos } from './fifo.ts'

/** Not at once: the worker that took the last pair is just starting. */
const REFILL_AFTER_MS = 1_000

/** One pair of FIFOs made ahead, so that a restart after a crash does not wait for a program that makes them. */
export class FifoStock {
  readonly #paths: readonly string[]
  readonly #clock: Clock
  #isFull = false
  #refilling: Promise<void> | undefined
  #cancelRefill: (() => void) | undefined
  #isClosed = false

  /** One for each folder: the stock has its place there. */
  constructor(runDirectory: string, clock: Clock) {
    this.#paths = [join(runDirectory, 'next.out'), join(runDirectory, 'next.err')]
    this.#clock = clock
  }

  get isFull(): boolean {
    return this.#isFull
  }

  /** The pair is at these paths then: out of the stock, or made now. */
  async make(paths: readonly [string, string]): Promise<void> {
    const isThere = this.#tryTake(paths)
    this.#refillLater()
    if (!isThere) await makeFifos(paths)
  }

  /** Leaves nothing behind. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelRefill?.()
    await this.#refilling
    removeFifos(this.#paths)
  }

  #tryTake(paths: readonly string[]): boolean {
    if (!this.#isFull) return false
    this.#isFull = false
    try {
      for (const [index, path] of this.#paths.entries()) renameSync(path, paths[index] ?? '')
      return true
    } catch (error) {
      // Somebody tidied up the folder, or the disk is read-only now: making them tells.
      if (isSystemError(error)) return false
      throw error
    }
  }

  #refillLater(): void {
    if (this.#isClosed) return
    this.#cancelRefill ??= this.#clock.timer(REFILL_AFTER_MS, () => {
      this.#cancelRefill = undefined
      this.#refilling ??= this.#refill().finally(() => {
        this.#refilling = undefined
      })
    })
  }

  async #refill(): Promise<void> {
    if (this.#isFull) return
    try {
      await makeFifos(this.#paths)
      this.#isFull = true
    } catch {
      // The next worker's own attempt tells what is wrong.
    }
  }
}
