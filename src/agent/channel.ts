// The line to the daemon: JSON lines on a unix socket that can also carry listening sockets. A worker is born with
// it (an inherited descriptor); when the daemon is replaced the agent reconnects over the agent socket and hands
// the new daemon the sockets the worker listens on. It never keeps the process alive.
//
// Node offers passing descriptors only on the IPC channel of child_process, and that one belongs to the app's
// `process.on('message')` and dies with the parent. Its stream class can do the same on any unix socket; only the
// class has no public name (tried on 20, 22, 24 and 26).
import { fstatSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { jsonLineSplitter } from '../base/json-lines.ts'
import type { AgentMessage, DaemonMessage } from '../protocol/agent.ts'

/** Node's internal handle of a listening socket. */
export type ListenHandle = object

interface PipeHandle {
  readonly fd: number
  pendingHandle: ListenHandle | null
  onread: (data: ArrayBuffer | undefined) => void
  open(fd: number): number
  connect(request: object, path: string): number
  readStart(): number
  writeUtf8String(request: object, text: string, handle?: ListenHandle): number
  unref(): void
  close(): void
}

interface Internals {
  readonly Pipe: new (type: number) => PipeHandle
  readonly PipeConnectWrap: new () => { oncomplete(status: number): void }
  readonly WriteWrap: new () => { oncomplete(): void; handle?: unknown }
  readonly ipc: number
}

export interface ChannelEvents {
  message(message: DaemonMessage, handle: ListenHandle | undefined): void
  /** Connected again, to a daemon that knows nothing yet. */
  reconnected(): void
}

const RECONNECT_FIRST_MS = 20
const RECONNECT_MOST_MS = 250

export class Channel {
  readonly #internals = loadInternals()
  readonly #socketPath: string
  readonly #events: ChannelEvents
  #pipe: PipeHandle | undefined
  #inode: number | undefined
  #reconnectMs = RECONNECT_FIRST_MS

  constructor(socketPath: string, events: ChannelEvents) {
    this.#socketPath = socketPath
    this.#events = events
  }

  /** Tries: that the other side is gone is told later, in a turn of the event loop that may never come. */
  isHeard(): boolean {
    return this.#write('')
  }

  open(fd: number): void {
    const pipe = new this.#internals.Pipe(this.#internals.ipc)
    if (pipe.open(fd) === 0) this.#use(pipe)
    else this.#reconnectLater()
  }

  /** False when nobody listens right now; what matters is said again after a reconnect. */
  send(message: AgentMessage, handle?: ListenHandle): boolean {
    return this.#write(JSON.stringify(message), handle)
  }

  #write(line: string, handle?: ListenHandle): boolean {
    if (this.#pipe === undefined || !this.#isOurs(this.#pipe)) return false
    const request = new this.#internals.WriteWrap()
    request.oncomplete = () => {}
    // Keeps the socket from being collected before it was sent.
    if (handle !== undefined) request.handle = handle
    return this.#pipe.writeUtf8String(request, `${line}\n`, handle) === 0
  }

  /** Some programs close every descriptor that they did not open, and nobody tells us. */
  #isOurs(pipe: PipeHandle): boolean {
    const inode = inodeOf(pipe.fd)
    if (inode === this.#inode) return true
    // The number of the descriptor may be another file's by now, which must not be closed: then the line stays lost.
    if (inode === undefined) this.#lost(pipe)
    else this.#pipe = undefined
    return false
  }

  #use(pipe: PipeHandle): void {
    this.#inode = inodeOf(pipe.fd)
    const decoder = new StringDecoder('utf8')
    const handles: ListenHandle[] = []
    const split = jsonLineSplitter((value) => this.#receive(value, handles))
    pipe.unref()
    pipe.onread = (data) => {
      if (pipe.pendingHandle) handles.push(pipe.pendingHandle)
      pipe.pendingHandle = null
      if (data === undefined) this.#lost(pipe)
      else split(decoder.write(Buffer.from(data)))
    }
    this.#pipe = pipe
    pipe.readStart()
  }

  #receive(value: unknown, handles: ListenHandle[]): void {
    if (typeof value !== 'object' || value === null || !('type' in value)) return
    const message = value as DaemonMessage
    // Not before: a daemon that hangs up would be called without a pause.
    this.#reconnectMs = RECONNECT_FIRST_MS
    const carriesHandle = message.type === 'socket' && message.errno === null
    this.#events.message(message, carriesHandle ? handles.shift() : undefined)
  }

  #lost(pipe: PipeHandle): void {
    if (this.#pipe !== pipe) return
    pipe.close()
    this.#pipe = undefined
    this.#reconnectLater()
  }

  #reconnectLater(): void {
    setTimeout(() => this.#connect(), this.#reconnectMs).unref()
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, RECONNECT_MOST_MS)
  }

  #connect(): void {
    const pipe = new this.#internals.Pipe(this.#internals.ipc)
    const request = new this.#internals.PipeConnectWrap()
    request.oncomplete = (status) => {
      if (status !== 0) {
        pipe.close()
        this.#reconnectLater()
        return
      }
      this.#use(pipe)
      this.#events.reconnected()
    }
    pipe.unref()
    try {
      if (pipe.connect(request, this.#socketPath) !== 0) request.oncomplete(-1)
    } catch {
      request.oncomplete(-1)
    }
  }
}

function inodeOf(fd: number): number | undefined {
  try {
    return fstatSync(fd).ino
  } catch {
    return undefined
  }
}

function loadInternals(): Internals {
  const quiet = process.noDeprecation
  process.noDeprecation = true
  try {
    const binding = Reflect.get(process, 'binding') as (name: string) => never
    const { Pipe, PipeConnectWrap, constants } = binding('pipe_wrap') as Internals & {
      constants: { IPC: number }
    }
    const { WriteWrap } = binding('stream_wrap') as Internals
    return { Pipe, PipeConnectWrap, WriteWrap, ipc: constants.IPC }
  } finally {
    if (quiet === undefined) Reflect.deleteProperty(process, 'noDeprecation')
    else process.noDeprecation = quiet
  }
}
