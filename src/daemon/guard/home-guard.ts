// Keeps a home usable while its daemon runs. Whoever tidies up may remove its sockets, its lock or all of it; apps do not
// notice, but no command would find the daemon any more, and a second one could begin beside it. So what is missing is put
// back (docs/decisions/0009). Only a home that another daemon has taken meanwhile is given up.
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { Failure } from '../../base/failure.ts'
import type { DaemonLog } from '../daemon.ts'
import type { HomeLock } from '../daemon-lock.ts'
import { lockHome } from '../daemon-lock.ts'
import type { Home } from '../home.ts'
import { ensureHome } from '../home.ts'
import { endTrying } from '../keeper.ts'
import { FolderWatch } from './folder-watch.ts'
import type { SocketFile } from './socket-file.ts'

export interface HomeChanges {
  /** The home was made again and is empty. */
  restored(): void
  /** Another daemon has it. */
  lost(): void
}

export class HomeGuard {
  readonly #home: Home
  readonly #clock: Clock
  readonly #log: DaemonLog
  #lock: HomeLock
  #watch: FolderWatch | undefined
  #problem = ''

  constructor(home: Home, lock: HomeLock, clock: Clock, log: DaemonLog) {
    this.#home = home
    this.#lock = lock
    this.#clock = clock
    this.#log = log
  }

  get lock(): HomeLock {
    return this.#lock
  }

  watch(sockets: readonly SocketFile[], changes: HomeChanges): void {
    const paths = [this.#home.lockFile, ...sockets.map(({ path }) => path)]
    const look = () => this.#look(sockets, changes)
    this.#watch = new FolderWatch({ paths, clock: this.#clock, look })
    this.#watch.start()
  }

  /** Looks no more. */
  async close(): Promise<void> {
    await this.#watch?.close()
  }

  /** Lets the next daemon in. */
  release(): void {
    this.#lock.close()
  }

  async #look(sockets: readonly SocketFile[], changes: HomeChanges): Promise<void> {
    try {
      if (!this.#lock.isThere()) {
        await this.#takeBack()
        changes.restored()
      }
      for (const socket of sockets) if (await socket.restore()) this.#tell(socket.path)
      // A keeper that was slow to notice a death comes when the next daemon has begun already.
      endTrying(this.#home)
      this.#problem = ''
    } catch (error) {
      const isTaken = error instanceof Failure && error.code === 'DAEMON_ALREADY_RUNNING'
      this.#tellProblem(error, isTaken)
      if (isTaken) changes.lost()
    }
  }

  async #takeBack(): Promise<void> {
    const { directory, lockFile } = this.#home
    const isFolderGone = !existsSync(directory)
    if (isFolderGone && !existsSync(dirname(directory))) {
      // A disk that is not mounted now: what is made in its place would be hidden when it is again.
      throw new Failure('HOME_UNSAFE', `Cannot make "${directory}" again: the folder it was in is gone`)
    }
    ensureHome(directory)
    const lock = await lockHome(this.#home)
    this.#lock.close()
    this.#lock = lock
    this.#tell(isFolderGone ? directory : lockFile)
  }

  #tell(path: string): void {
    this.#log.problem('home', `${path} was removed while the daemon runs: it is made again`)
  }

  #tellProblem(error: unknown, isTaken: boolean): void {
    const reason = error instanceof Error ? error.message : String(error)
    const text = isTaken
      ? 'Another daemon has this home now: ending the workers, which it does not know, and leaving'
      : `${reason}; trying again`
    if (text !== this.#problem) this.#log.problem('home', text)
    this.#problem = text
  }
}
