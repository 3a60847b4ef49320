// Node keeps what does not fit into a full pipe, and forgets it in process.exit() and after an uncaught error. Here it is
// written at 'exit', beside the pipe together with what is in there, or, where that cannot be, to the pipe. Nothing is
// done before the app touches process.stdout or process.stderr.
import { fstatSync, writeSync } from 'node:fs'
import net from 'node:net'
import { RestFile } from './rest-file.ts'

/** How long an exit waits for a pipe that nobody reads. */
const LIMIT_MS = 2000
const POLL_MS = 1

interface Chunk {
  readonly chunk: string | Uint8Array
  readonly encoding: BufferEncoding
}

/** What Node's stream over a pipe has inside (the same on 20, 22, 24 and 26). */
interface PipeStream {
  readonly _handle: { readonly writeQueueSize: number; setBlocking(isBlocking: boolean): number } | null
  readonly _writableState: { getBuffer(): readonly Chunk[] }
  write(chunk: Chunk['chunk'], encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean
  _write(chunk: Chunk['chunk'], encoding: BufferEncoding, callback: WriteCallback): void
  _writev(chunks: readonly Chunk[], callback: WriteCallback): void
}

type WriteCallback = (error?: Error | null) => void

/** Whether somebody reads the pipes: a process that has no line to the daemon cannot know. */
export type Reader = 'there' | 'gone' | 'unknown'

export function installExitFlush(reader: () => Reader): void {
  const flushes = new Map<PipeStream, ExitFlush>()
  onFirstUse('stdout', (stream) => watch(stream, 1))
  onFirstUse('stderr', (stream) => watch(stream, 2))

  function watch(stream: unknown, fd: number): void {
    if (!isPipeStream(stream, fd) || flushes.has(stream)) return
    if (flushes.size === 0) process.on('exit', flushAll)
    flushes.set(stream, new ExitFlush(stream, fd))
  }

  function flushAll(code: number): void {
    // Some programs emit the event themselves and live on.
    if (Reflect.get(process, '_exiting') !== true) return
    const deadlineMs = performance.now() + LIMIT_MS
    for (const flush of flushes.values()) flush.run(deadlineMs, reader(), code)
  }
}

function onFirstUse(name: 'stdout' | 'stderr', used: (stream: unknown) => void): void {
  const original = Object.getOwnPropertyDescriptor(process, name)
  if (original?.get === undefined) return
  Object.defineProperty(process, name, {
    ...original,
    get() {
      Object.defineProperty(process, name, original)
      const stream: unknown = Reflect.get(process, name)
      used(stream)
      return stream
    },
  })
}

/** A thread has other streams, and a file or a terminal takes everything at once. */
function isPipeStream(stream: unknown, fd: number): stream is PipeStream {
  if (!(stream instanceof net.Socket) || !fstatSync(fd).isFIFO()) return false
  return typeof Reflect.get(Reflect.get(stream, '_writableState'), 'getBuffer') === 'function'
}

class ExitFlush {
  readonly #stream: PipeStream
  readonly #fd: number
  /** What Node was given last; libuv's queue tells how much of it the kernel has not taken. */
  #begun: readonly Chunk[] = []
  /** For what is said after the flush, which would be queued for ever. */
  #writeNow: ((bytes: Uint8Array) => boolean) | undefined

  constructor(stream: PipeStream, fd: number) {
    this.#stream = stream
    this.#fd = fd
    this.#watchWrites()
  }

  run(deadlineMs: number, reader: Reader, code: number): void {
    const queued = this.#queued()
    // After an error Node itself writes to the pipe, and a reader would have that before the rest.
    const isMovable = reader === 'gone' || (reader === 'there' && code === 0)
    const rest = isMovable ? RestFile.tryMove(this.#fd) : undefined
    const write = (bytes: Uint8Array) => rest?.write(bytes) ?? writeAll(this.#fd, bytes, deadlineMs)
    const isWritten = write(queued)
    // Where something was lost, nothing may come after it.
    this.#writeNow = (bytes) => isWritten && write(bytes)
    // The stack trace of an uncaught error comes from Node itself, which does not try twice.
    const isRead = rest === undefined && (queued.length > 0 || reader === 'there')
    if (isWritten && isRead) this.#stream._handle?.setBlocking(true)
  }

  #watchWrites(): void {
    const stream = this.#stream
    const { write, _write, _writev } = stream
    stream.write = (chunk, encoding, callback) => {
      if (this.#writeNow === undefined) return write.call(stream, chunk, encoding, callback)
      return this.#writeNow(bytesOf([{ chunk, encoding: typeof encoding === 'string' ? encoding : 'utf8' }]))
    }
    stream._write = (chunk, encoding, callback) => {
      this.#begun = [{ chunk, encoding }]
      _write.call(stream, chunk, encoding, callback)
    }
    stream._writev = (chunks, callback) => {
      this.#begun = chunks
      _writev.call(stream, chunks, callback)
    }
  }

  /** Everything the app has written and the kernel has not taken. */
  #queued(): Uint8Array {
    const { _handle, _writableState } = this.#stream
    const begun = bytesOf(this.#begun)
    const rest = begun.subarray(begun.length - (_handle?.writeQueueSize ?? 0))
    return Buffer.concat([rest, bytesOf(_writableState.getBuffer())])
  }
}

function bytesOf(chunks: readonly Chunk[]): Buffer {
  return Buffer.concat(
    chunks.map(({ chunk, encoding }) => (typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)),
  )
}

/** False when the reader did not make room in time, or is gone. */
function writeAll(fd: number, bytes: Uint8Array, deadlineMs: number): boolean {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at)
    } catch (error) {
      if (!isFull(error) || performance.now() > deadlineMs) return false
      sleep()
    }
  }
  return true
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN'
}

function sleep(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
}
