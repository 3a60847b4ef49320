/** Runs tasks one after another, in the order they were added. A task that throws does not stop the next. */
export class TaskQueue {
  #last: Promise<unknown> = Promise.resolve()

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => undefined)
    return result
  }

  /** Resolves when everything added so far has ended. */
  idle(): Promise<void> {
    return this.#last.then(() => undefined)
  }
}
