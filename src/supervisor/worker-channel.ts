// The daemon's end of the line to an agent, in its two forms: the channel a worker was born with, and a connection
// that the agent of an adopted worker made. Both carry JSON lines and listening sockets.
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import { jsonLineSplitter } from '../base/json-lines.ts'
import type { AgentMessage, DaemonMessage } from '../protocol/agent.ts'

/** Node's internal handle of a bound or listening socket. */
export interface SocketHandle {
  close(): void
  getsockname?(out: object): number
}

export interface WorkerChannel {
  send(message: DaemonMessage, handle?: SocketHandle): void
  /** One receiver; messages that came before it was set are kept for it. */
  receive(receiver: ChannelReceiver): void
  /** Calls back when the other end is gone. */
  onClose(callback: () => void): void
  close(): void
}

export type ChannelReceiver = (message: AgentMessage, handle: SocketHandle | undefined) => void

/** Keeps what arrives until somebody receives it. */
class Inbox {
  #receiver: ChannelReceiver | undefined
  #waiting: [AgentMessage, SocketHandle | undefined][] = []

  put(value: unknown, handle?: SocketHandle): void {
    if (typeof value !== 'object' || value === null || !('type' in value)) return
    const message = value as AgentMessage
    if (this.#receiver === undefined) this.#waiting.push([message, handle])
    else this.#receiver(message, handle)
  }

  receive(receiver: ChannelReceiver): void {
    this.#receiver = receiver
    for (const [message, handle] of this.#waiting.splice(0)) receiver(message, handle)
  }
}

export class SpawnChannel implements WorkerChannel {
  readonly #child: ChildProcess
  readonly #inbox = new Inbox()

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (message) => this.#inbox.put(message))
    // Writing to a worker that just died is no error of ours: its exit is seen anyway.
    child.on('error', () => {})
  }

  send(message: DaemonMessage, handle?: SocketHandle): void {
    if (!this.#child.connected) return
    this.#child.send(message, handle as never, { keepOpen: true }, () => {})
  }

  receive(receiver: ChannelReceiver): void {
    this.#inbox.receive(receiver)
  }

  onClose(callback: () => void): void {
    this.#child.once('disconnect', callback)
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect()
  }
}

interface PipeHandle extends SocketHandle {
  readonly fd: number
  pendingHandle: SocketHandle | null
  onread: (data: ArrayBuffer | undefined) => void
  open(fd: number): number
  readStart(): number
  unref(): void
  writeUtf8String(request: object, text: string, handle?: SocketHandle): number
}

const PIPE_TYPE_IPC = 2

export class AgentConnection implements WorkerChannel {
  readonly #pipe: PipeHandle
  readonly #inbox = new Inbox()
  #isOpen = true
  #onClose: () => void = () => {}

  /**
   * Takes over an accepted connection that nobody has read from. Node accepts connections as plain streams; only a
   * stream of another type can carry sockets, so a second one is opened on the same descriptor. The first must
   * never be closed, or it would close a descriptor number that is somebody else's by then: it stays, about 1 KB
   * per adopted worker.
   */
  constructor(socket: Socket) {
    const accepted: PipeHandle = Reflect.get(socket, '_handle')
    accepted.unref()
    const Pipe = accepted.constructor as new (type: number) => PipeHandle
    this.#pipe = new Pipe(PIPE_TYPE_IPC)
    this.#pipe.open(accepted.fd)
    this.#read()
  }

  send(message: DaemonMessage, handle?: SocketHandle): void {
    if (!this.#isOpen) return
    // Framed as child_process.send() frames it, so that the agent reads one language.
    const framed = handle === undefined ? message : { cmd: 'NODE_HANDLE', type: 'net.Native', msg: message }
    const request = new WriteRequest()
    request.handle = handle
    this.#pipe.writeUtf8String(request, `${JSON.stringify(framed)}\n`, handle)
  }

  receive(receiver: ChannelReceiver): void {
    this.#inbox.receive(receiver)
  }

  onClose(callback: () => void): void {
    this.#onClose = callback
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#pipe.close()
    this.#onClose()
  }

  #read(): void {
    const decoder = new StringDecoder('utf8')
    const handles: SocketHandle[] = []
    const split = jsonLineSplitter((value) => {
      if (typeof value !== 'object' || value === null) return
      const carriesSocket = (value as { type?: unknown }).type === 'socket'
      this.#inbox.put(value, carriesSocket ? handles.shift() : undefined)
    })
    const pipe = this.#pipe
    pipe.onread = (data) => {
      if (pipe.pendingHandle) handles.push(pipe.pendingHandle)
      pipe.pendingHandle = null
      if (data === undefined) this.close()
      else split(decoder.write(Buffer.from(data)))
    }
    pipe.readStart()
  }
}

interface WriteRequestShape {
  handle: unknown
  oncomplete(): void
}

const WriteWrap = writeWrapClass()

class WriteRequest extends WriteWrap {
  override handle: unknown
  override oncomplete(): void {}
}

function writeWrapClass(): new () => WriteRequestShape {
  const binding = Reflect.get(process, 'binding') as (name: string) => {
    WriteWrap: new () => WriteRequestShape
  }
  return binding('stream_wrap').WriteWrap
}
