// The operations on one app. They line up, so they never interleave; one that waits for workers to become ready gives way
// to one that ends them.
import { Failure } from '../../base/failure.ts'
import { TaskQueue } from '../../base/task-queue.ts'

export class AppOperations {
  readonly #app: string
  readonly #queue = new TaskQueue()
  /** Those under way, and those that wait for their turn. */
  #count = 0
  /** Those that end the workers and wait for their turn. */
  #interruptions = 0
  #isOver = false

  constructor(app: string) {
    this.#app = app
  }

  /** True while one is under way, or waits for its turn. */
  get isBusy(): boolean {
    return this.#count > 0
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    return this.#lineUp(async () => {
      this.giveWay()
      return await task()
    })
  }

  /** For one that ends the workers: what waits for them gives way. */
  interrupt<T>(task: () => Promise<T>): Promise<T> {
    this.#interruptions++
    return this.#lineUp(task, () => {
      this.#interruptions--
    })
  }

  /** Throws when somebody wants the workers stopped. */
  giveWay(): void {
    if (this.#interruptions > 0) throw stoppedMeanwhile(this.#app)
  }

  /** The app is deleted: what lines up behind this finds none any more. */
  end(): void {
    this.#isOver = true
  }

  #lineUp<T>(task: () => Promise<T>, begins = () => {}): Promise<T> {
    this.#count++
    const turn = this.#queue.run(async () => {
      begins()
      if (this.#isOver) throw isGone(this.#app)
      return await task()
    })
    return turn.finally(() => {
      this.#count--
    })
  }
}

export function stoppedMeanwhile(name: string): Failure {
  return new Failure('APP_NOT_RUNNING', `Cannot finish with "${name}": it was stopped meanwhile`)
}

function isGone(name: string): Failure {
  return new Failure('APP_NOT_FOUND', `Cannot change "${name}": it was deleted meanwhile`)
}
