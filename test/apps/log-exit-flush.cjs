'use strict'
// Node.js buffers what does not fit into a full pipe and forgets it in process.exit() and after an uncaught error.
const fs = require('node:fs')
const net = require('node:net')
const LIMIT_MS = 2000
const guarded = []
for (const [name, fd] of [
  ['stdout', 1],
  ['stderr', 2],
]) {
  const property = Object.getOwnPropertyDescriptor(process, name)
  if (property?.get === undefined) continue
  let seen
  Object.defineProperty(process, name, {
    ...property,
    get() {
      const stream = property.get.call(process)
      if (stream !== seen) {
        seen = stream
        if (stream instanceof net.Socket && stream._type === 'pipe') guard(stream, fd)
      }
      return stream
    },
  })
}
function guard(stream, fd) {
  const guarding = { stream, fd, inFlight: [] }
  guarded.push(guarding)
  const { _write, _writev } = stream
  const done = (callback) => (error) => {
    guarding.inFlight = []
    callback(error)
  }
  stream._write = function (chunk, encoding, callback) {
    guarding.inFlight = [{ chunk, encoding }]
    return _write.call(this, chunk, encoding, done(callback))
  }
  stream._writev = function (chunks, callback) {
    guarding.inFlight = chunks
    return _writev.call(this, chunks, done(callback))
  }
}
const bytesOf = ({ chunk, encoding }) => (typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
function flush() {
  const deadline = performance.now() + LIMIT_MS
  for (const { stream, fd, inFlight } of guarded.splice(0)) {
    const queued = stream._handle?.writeQueueSize ?? 0
    const begun = Buffer.concat(inFlight.map(bytesOf))
    const rest = [begun.subarray(begun.length - queued), ...stream._writableState.getBuffer().map(bytesOf)]
    const isDone = writeAll(fd, Buffer.concat(rest), deadline)
    stream.write = (chunk, encoding) =>
      isDone &&
      writeAll(fd, bytesOf({ chunk, encoding: typeof encoding === 'string' ? encoding : 'utf8' }), deadline)
    if (isDone) stream._handle?.setBlocking(true)
  }
}
const cell = new Int32Array(new SharedArrayBuffer(4))
function writeAll(fd, bytes, deadline) {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += fs.writeSync(fd, bytes, at)
    } catch (error) {
      if (error.code !== 'EAGAIN' || performance.now() > deadline) return false
      Atomics.wait(cell, 0, 0, 1)
    }
  }
  return true
}
process.on('exit', flush)
