// The daemon's end of the line to an agent: the channel a worker was born with, or a connection that the agent of an
// adopted worker made. Both carry JSON lines and listening sockets. What a worker says is not trusted.
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import { jsonLineSplitter } from '../../base/json-lines.ts'
import type { AgentMessage, DaemonMessage } from '../../protocol/agent.ts'
import type { SocketHandle } from '../sockets/listening-sockets.ts'
import { parseAgentMessage } from './agent-message.ts'

export type AgentReceiver = (message: AgentMessage, handle: SocketHandle | undefined) => void

interface PipeHandle extends SocketHandle {
  readonly fd: number
  readonly writeQueueSize: number
  pendingHandle: SocketHandle | null
  onread: (data: ArrayBuffer | undefined) => void
  open(fd: number): number
  readStart(): number
  readStop(): number
  unref(): void
  writeUtf8String(request: object, text: string, handle?: SocketHandle): number
}

const PIPE_TYPE_IPC = 2
/** An honest agent's longest message holds the path of a unix socket. */
const MOST_LINE_CHARS = 16_384
/** An agent that does not read what it asked for hangs or means harm. */
const MOST_QUEUED_BYTES = 1_000_000
const MOST_UNCLAIMED_SOCKETS = 8

export class AgentConnection {
  readonly #pipe: PipeHandle
  readonly #closePipe: () => void
  #receiver: AgentReceiver | undefined
  #onClose: () => void = () => {}
  #isOpen = true

  private constructor(pipe: PipeHandle, closePipe: () => void) {
    this.#pipe = pipe
    this.#closePipe = closePipe
    pipe.readStop()
    pipe.unref()
  }

  /**
   * The channel of a process just spawned with `stdio[3] = 'ipc'`. Node's own reader ends the daemon when a worker writes
   * something else than JSON there, so it is replaced before it has read anything.
   */
  static ofChild(child: ChildProcess): AgentConnection {
    const symbol = Object.getOwnPropertySymbols(child).find(
      ({ description }) => description === 'kChannelHandle',
    )
    const pipe = symbol === undefined ? undefined : Reflect.get(child, symbol)
    if (pipe === undefined) throw new Error(`Node ${process.version} keeps its channels in another way`)
    return new AgentConnection(pipe, () => {
      if (child.connected) child.disconnect()
    })
  }

  /**
   * An accepted connection, from which nobody reads any more. Node accepts connections as plain streams; only a
   * stream of another type can carry sockets, so a second one is opened on the same descriptor. The first must
   * never be closed, or it would close a descriptor number that is somebody else's by then: it stays, about 1 KB
   * per adopted worker.
   */
  static ofSocket(socket: Socket): AgentConnection {
    const accepted: PipeHandle = Reflect.get(socket, '_handle')
    accepted.readStop()
    accepted.unref()
    const Pipe = accepted.constructor as new (type: number) => PipeHandle
    const pipe = new Pipe(PIPE_TYPE_IPC)
    pipe.open(accepted.fd)
    return new AgentConnection(pipe, () => pipe.close())
  }

  send(message: DaemonMessage, handle?: SocketHandle): void {
    if (!this.#isOpen) return
    if (this.#pipe.writeQueueSize > MOST_QUEUED_BYTES) {
      this.close()
      return
    }
    const request = new WriteRequest()
    // Keeps the socket from being collected before it was sent.
    request.handle = handle
    this.#pipe.writeUtf8String(request, `${JSON.stringify(message)}\n`, handle)
  }

  /** Begins to read; `begun` is what was read before. */
  receive(receiver: AgentReceiver, begun = ''): void {
    this.#receiver = receiver
    this.#read(begun)
  }

  /** Calls back when the line is gone, whoever closed it. */
  onClose(callback: () => void): void {
    this.#onClose = callback
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#closePipe()
    this.#onClose()
  }

  #read(begun: string): void {
    const decoder = new StringDecoder('utf8')
    const sockets: SocketHandle[] = []
    const split = jsonLineSplitter((value) => this.#deliver(value, sockets), MOST_LINE_CHARS)
    const pipe = this.#pipe
    pipe.pendingHandle = null
    pipe.onread = (data) => {
      if (pipe.pendingHandle) sockets.push(pipe.pendingHandle)
      pipe.pendingHandle = null
      if (data === undefined || sockets.length > MOST_UNCLAIMED_SOCKETS) this.close()
      else split(decoder.write(Buffer.from(data)))
      if (!this.#isOpen) for (const socket of sockets.splice(0)) socket.close()
    }
    split(begun)
    if (this.#isOpen) pipe.readStart()
  }

  #deliver(value: unknown, sockets: SocketHandle[]): void {
    const message = parseAgentMessage(value)
    if (message === undefined || !this.#isOpen) return
    this.#receiver?.(message, message.type === 'socket' ? sockets.shift() : undefined)
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
