// Whether operations may begin. They come in through here one by one; it can be shut only while none is inside.
import { Failure } from '../base/failure.ts'

export class OperationGate {
  #inside = 0
  #isShut = false

  get isBusy(): boolean {
    return this.#inside > 0
  }

  /** Throws DAEMON_BUSY while it is shut. */
  async run<T>(task: () => T | Promise<T>): Promise<T> {
    if (this.#isShut) {
      throw new Failure('DAEMON_BUSY', 'Cannot do that now: the daemon is being upgraded', {
        hint: 'Try again in a moment',
      })
    }
    this.#inside++
    try {
      return await task()
    } finally {
      this.#inside--
    }
  }

  shut(): void {
    this.#isShut = true
  }

  open(): void {
    this.#isShut = false
  }
}
