// The instances of one app, numbered from 0.
import type { AppSpec } from '../../protocol/app-spec.ts'
import { Instance } from '../instance/instance.ts'
import type { Worker } from '../worker/worker.ts'
import type { AppHost, AppRecord } from './app.ts'

export class AppInstances {
  readonly #app: string
  readonly #host: AppHost
  readonly #instances: Instance[] = []
  #hasListened = false

  constructor(app: string, host: AppHost) {
    this.#app = app
    this.#host = host
  }

  get all(): readonly Instance[] {
    return this.#instances
  }

  get workers(): readonly Worker[] {
    return this.#instances.flatMap(({ workers }) => workers)
  }

  /** True once a worker of any has ever listened. */
  get hasListened(): boolean {
    this.#hasListened ||= this.workers.some((worker) => worker.hasListened)
    return this.#hasListened
  }

  /** Where any of them listens. */
  get addresses(): readonly string[] {
    return [...new Set(this.#instances.flatMap(({ addresses }) => addresses))]
  }

  /** Forgets those that are too many, which have to be stopped by then; new ones are stopped too. */
  resize(count: number, spec: AppSpec): void {
    if (this.#instances.length > count) this.#instances.length = count
    while (this.#instances.length < count) this.#instances.push(this.#create(this.#instances.length, spec))
  }

  /** Takes over what an earlier daemon left of them, also of those that are too many. */
  async adopt({ spec, hasListened, instances }: AppRecord): Promise<void> {
    this.#hasListened = hasListened
    this.resize(Math.max(spec.instances, ...instances.map(({ index }) => index + 1)), spec)
    for (const record of instances) await this.#instances[record.index]?.adopt(record)
  }

  /** Resolves when it is known why each worker that ended did so. */
  async explained(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.explain()))
  }

  /** Starts no worker any more. Resolves when all are known that were being started. */
  async freeze(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.freeze()))
  }

  letGo(): void {
    for (const instance of this.#instances) instance.letGo()
  }

  #create(index: number, spec: AppSpec): Instance {
    const host = this.#host
    return new Instance(index, spec, {
      around: host.around,
      meter: host.meter,
      hasListened: () => this.hasListened,
      changed: () => host.changed(),
      event: (event, instance, text) => host.event(event, this.#app, instance, text),
    })
  }
}
