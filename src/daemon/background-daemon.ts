// A daemon and what is around it in its process: the keeper that starts the next one when it dies, and the other daemon when
// one takes over from it.
import { systemClock } from '../base/clock.ts'
import { Failure } from '../base/failure.ts'
import type { UpgradeRequest, UpgradeResult } from '../protocol/control.ts'
import type { AppSocket } from '../supervisor/supervisor.ts'
import type { Daemon, DaemonParts, DaemonProgram, Inheritance } from './daemon.ts'
import { openDaemon } from './daemon.ts'
import { signLock } from './daemon-lock.ts'
import type { Keeper } from './keeper.ts'
import { NOTHING_LOADED } from './state/load-state.ts'
import { handOver } from './upgrade/hand-over.ts'

export class BackgroundDaemon {
  /** Resolves when the daemon has left as it was asked, or another one is in its place. */
  readonly left: Promise<void>
  readonly #parts: DaemonParts
  readonly #keeper: Keeper
  #daemon: Daemon | undefined
  #upgrading: { readonly abort: AbortController; readonly ended: Promise<unknown> } | undefined
  #hasLeft: () => void = () => {}

  constructor(parts: DaemonParts, keeper: Keeper) {
    const program: DaemonProgram = {
      keeperPid: () => keeper.pid ?? null,
      upgrade: (request) => this.#upgrade(request),
      leaving: () => keeper.leave(),
    }
    this.#parts = { ...parts, program }
    this.#keeper = keeper
    this.left = new Promise((resolve) => {
      this.#hasLeft = resolve
    })
  }

  async begin(inheritance?: Inheritance): Promise<Daemon> {
    const daemon = await this.#open(inheritance)
    this.#keeper.start()
    return daemon
  }

  /** Leaves the workers to the next daemon. */
  async leave(): Promise<void> {
    this.#upgrading?.abort.abort()
    await this.#upgrading?.ended
    await this.#daemon?.leave(true)
  }

  async #open(inheritance?: Inheritance): Promise<Daemon> {
    const parts = inheritance === undefined ? this.#parts : { ...this.#parts, inheritance }
    const daemon = await openDaemon(parts)
    this.#daemon = daemon
    void daemon.left.then(this.#hasLeft)
    return daemon
  }

  async #upgrade(request: UpgradeRequest): Promise<UpgradeResult> {
    const daemon = this.#daemon
    if (daemon === undefined || this.#upgrading !== undefined) throw busy('it is being upgraded already')
    const { home, log } = this.#parts
    const abort = new AbortController()
    const leaving = {
      home,
      clock: systemClock,
      lockFd: daemon.lock.fd,
      shut: () => shut(daemon),
      open: () => daemon.gate.open(),
      release: () => this.#release(daemon),
      takeBack: (sockets: readonly AppSocket[]) => this.#takeBack(daemon, sockets),
    }
    const upgrade = handOver(leaving, request, abort.signal)
    this.#upgrading = { abort, ended: upgrade.catch(() => {}) }
    try {
      return await upgrade
    } catch (error) {
      log.problem('daemon.upgrade', error instanceof Error ? error.message : String(error))
      throw error
    } finally {
      this.#upgrading = undefined
    }
  }

  /**
   * A daemon that cannot let go has lost some of its workers and still acts on the others. Nobody can go on from there but
   * the new one, which takes the end of this process for its turn.
   */
  async #release(daemon: Daemon): Promise<readonly AppSocket[]> {
    try {
      return await daemon.release()
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#parts.log.problem('daemon.upgrade', `Leaving, because it cannot let go of the workers: ${reason}`)
      process.exit(FAILED_STATUS)
    }
  }

  /** What another daemon did not take over is adopted again. */
  async #takeBack(before: Daemon, sockets: readonly AppSocket[]): Promise<void> {
    const { home, log } = this.#parts
    const confirmed = async () => signLock(home)
    // From memory: the file may be gone, or be older where the disk is full.
    const loadRecords = async () => ({ ...NOTHING_LOADED, apps: before.supervisor.records() })
    try {
      await this.#open({ lock: before.lock, sockets, loadRecords, confirmed })
    } catch (error) {
      log.problem('daemon.upgrade', `Cannot go on after a failed upgrade: ${String(error)}`)
      // The keeper starts one that can.
      process.exit(FAILED_STATUS)
    }
    before.closeDoor()
  }
}

/** EX_SOFTWARE */
const FAILED_STATUS = 70

/** An operation waits for workers, and nobody would be there to tell it how they did. */
async function shut({ gate, supervisor, isSaved }: Daemon): Promise<void> {
  const [app] = supervisor.apps.filter(({ isBusy }) => isBusy)
  if (app !== undefined) throw busy(`an operation on "${app.name}" is under way`)
  if (gate.isBusy) throw busy('an operation is under way')
  gate.shut()
  if (await isSaved()) return
  gate.open()
  // Workers that it does not know would be ended by the next one.
  throw new Failure('UPGRADE_FAILED', 'Cannot upgrade the daemon: its state cannot be written', {
    hint: 'Make room on the disk of the home; "upkeep doctor" names it',
  })
}

function busy(why: string): Failure {
  return new Failure('DAEMON_BUSY', `Cannot upgrade the daemon now: ${why}`, {
    hint: 'Try again when it is done',
  })
}
