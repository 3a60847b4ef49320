// Looks again and again whether what belongs into some folders is there: as soon as the kernel tells of a change, and every
// few seconds, because it tells nothing when too many programs watch files already.
import type { FSWatcher } from 'node:fs'
import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { TaskQueue } from '../../base/task-queue.ts'

const LOOK_EVERY_MS = 5000
/** Whoever removes a folder removes file after file, and would find it not empty. */
const QUIET_MS = 200

export interface FolderWatchOptions {
  /** The files that matter. */
  readonly paths: readonly string[]
  readonly clock: Clock
  /** Called once at a time; must not throw. */
  readonly look: () => Promise<void>
}

export class FolderWatch {
  readonly #options: FolderWatchOptions
  readonly #queue = new TaskQueue()
  #watchers: FSWatcher[] = []
  #isClosed = false
  #cancelLook: (() => void) | undefined
  #cancelTimer = () => {}

  constructor(options: FolderWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#watchFolders()
    this.#lookLater()
  }

  /** Resolves when no look is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelTimer()
    this.#cancelLook?.()
    this.#unwatch()
    await this.#queue.idle()
  }

  #watchFolders(): void {
    this.#unwatch()
    const folders = new Set(this.#options.paths.map((path) => dirname(path)))
    this.#watchers = [...folders].flatMap((folder) => this.#tryWatch(folder))
  }

  #unwatch(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close()
  }

  #tryWatch(folder: string): FSWatcher[] {
    const names = new Set(this.#options.paths.map((path) => basename(path)))
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        // A folder that goes is told under its own name.
        const isOurs = name === null || names.has(name) || name === basename(folder)
        if (isOurs || this.#cancelLook !== undefined) this.#lookWhenQuiet()
      })
      watcher.on('error', () => watcher.close())
      return [watcher]
    } catch {
      return []
    }
  }

  #lookLater(): void {
    this.#cancelTimer = this.#options.clock.timer(LOOK_EVERY_MS, () => {
      // A folder that was made again is another one.
      this.#watchFolders()
      this.#look()
      this.#lookLater()
    })
  }

  #lookWhenQuiet(): void {
    this.#cancelLook?.()
    this.#cancelLook = this.#options.clock.timer(QUIET_MS, () => this.#look())
  }

  #look(): void {
    this.#cancelLook?.()
    this.#cancelLook = undefined
    void this.#queue.run(async () => {
      if (!this.#isClosed) await this.#options.look()
    })
  }
}
