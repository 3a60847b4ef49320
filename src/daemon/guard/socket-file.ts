// A server on a socket file whose path always leads to somebody: the socket is made beside, and takes the place of the one
// before by a rename. Whoever tidies up a folder may remove the file while the server lives: then it listens anew under the
// same name, and who is connected stays so.
import { chmodSync, existsSync, lstatSync, renameSync, rmSync } from 'node:fs'
import { Server } from 'node:net'
import { dirname, join } from 'node:path'
import { Failure } from '../../base/failure.ts'

export interface SocketFileOptions {
  readonly server: Server
  readonly path: string
  readonly mode: number
  /** Makes the folder, where it is none of the home; false when it cannot be had here. */
  readonly prepare?: () => boolean
}

/** Only the holder of the home's lock may open one: it takes the place of whatever socket is there. */
export class SocketFile {
  readonly path: string
  readonly #server: Server
  readonly #mode: number
  readonly #prepare: () => boolean
  #inode: number | undefined

  constructor({ server, path, mode, prepare = () => true }: SocketFileOptions) {
    this.path = path
    this.#server = server
    this.#mode = mode
    this.#prepare = prepare
  }

  async open(): Promise<void> {
    for (let triesLeft = 3; this.#prepare(); triesLeft--) {
      try {
        return await this.#open()
      } catch (error) {
        // Another daemon swept it away as one that nobody owns, before this one was heard there.
        const isFolderGone = !existsSync(dirname(this.path))
        if (!isFolderGone || triesLeft === 0) throw error
      }
    }
  }

  /** Listens again if the file is gone or is another one. True when that was so. */
  async restore(): Promise<boolean> {
    if (this.#inode !== undefined && inodeOf(this.path) === this.#inode) return false
    this.close()
    await this.open()
    return this.#inode !== undefined
  }

  /** Lets nobody in any more; who is in stays. A file that is somebody else's by now stays too. */
  close(): void {
    // Not the http server's own, which would also end the connections that are idle.
    Server.prototype.close.call(this.#server)
    if (this.#inode !== undefined && inodeOf(this.path) === this.#inode) rmSync(this.path, { force: true })
    this.#inode = undefined
  }

  async #open(): Promise<void> {
    refuseOther(this.path)
    const beside = join(dirname(this.path), `${process.pid}.s`)
    rmSync(beside, { force: true })
    await this.#listen(beside)
    chmodSync(beside, this.#mode)
    renameSync(beside, this.path)
    this.#inode = inodeOf(this.path)
  }

  async #listen(path: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(path, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }
}

function refuseOther(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== false) return
  throw new Failure('HOME_UNSAFE', `Cannot listen on "${path}": something else is there`, {
    hint: 'Move it away',
  })
}

function inodeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino
}
