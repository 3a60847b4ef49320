// A server on a socket file. Whoever tidies up a folder may remove the file while the server lives: then it listens anew
// under the same name, and who is connected stays so.
import { chmodSync, lstatSync } from 'node:fs'
import { Server } from 'node:net'
import { removeStale } from '../stale-socket.ts'

export interface SocketFileOptions {
  readonly server: Server
  readonly path: string
  readonly mode: number
  /** Makes the folder, where it is none of the home; false when it cannot be had here. */
  readonly prepare?: () => boolean
}

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
    if (!this.#prepare()) return
    removeStale(this.path)
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(this.path, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    chmodSync(this.path, this.#mode)
    this.#inode = inodeOf(this.path)
  }

  /** Listens again if the file is gone or is another one. True when that was so. */
  async restore(): Promise<boolean> {
    if (this.#inode !== undefined && inodeOf(this.path) === this.#inode) return false
    this.#inode = undefined
    this.close()
    await this.open()
    return this.#inode !== undefined
  }

  /** The file is somebody else's now, and closing would remove it. */
  letGo(): void {
    this.#server.unref()
  }

  close(): void {
    // Not the http server's own, which would also end the connections that are idle.
    Server.prototype.close.call(this.#server)
  }
}

function inodeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino
}
