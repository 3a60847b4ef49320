// As much of the framing of HTTP/2 (RFC 9113, section 4 and 6) as a client with small requests needs.
import type { LoadTarget } from './target.ts'

export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  ack: 0x1,
  endStream: 0x1,
  endHeaders: 0x4,
} as const

const HEAD_BYTES = 9
const EMPTY = Buffer.alloc(0)

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export class FrameReader {
  #rest: Buffer = EMPTY

  push(chunk: Buffer): Frame[] {
    this.#rest = Buffer.concat([this.#rest, chunk])
    const frames: Frame[] = []
    while (this.#rest.length >= HEAD_BYTES) {
      const end = HEAD_BYTES + this.#rest.readUIntBE(0, 3)
      if (end > 1 << 20) throw new Error('not HTTP/2')
      if (this.#rest.length < end) break
      frames.push({
        type: this.#rest.readUInt8(3),
        flags: this.#rest.readUInt8(4),
        stream: this.#rest.readUInt32BE(5) & 0x7f_ff_ff_ff,
        payload: this.#rest.subarray(HEAD_BYTES, end),
      })
      this.#rest = this.#rest.subarray(end)
    }
    return frames
  }
}

export function frame(type: number, flags: number, stream: number, payload: Buffer = EMPTY): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Gives the server back the room that `bytes` of an answer took. */
export function windowUpdates(stream: number, bytes: number): Buffer {
  const room = Buffer.alloc(4)
  room.writeUInt32BE(bytes)
  return Buffer.concat([frame(FRAME.windowUpdate, 0, 0, room), frame(FRAME.windowUpdate, 0, stream, room)])
}

/** The head of a GET in HPACK: entries of the static table, and literals that no table remembers (RFC 7541). */
export function requestHeaders({ tls, path, host }: LoadTarget): Buffer {
  const [get, scheme] = [0x82, tls ? 0x87 : 0x86]
  return Buffer.concat([Buffer.from([get, scheme]), literal(4, path), literal(1, host)])
}

function literal(staticIndex: number, text: string): Buffer {
  const value = Buffer.from(text)
  if (value.length > 126) throw new Error('too long for a length of one byte')
  return Buffer.concat([Buffer.from([staticIndex, value.length]), value])
}
