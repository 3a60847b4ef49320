import assert from 'node:assert/strict'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SocketFile } from '../../src/daemon/guard/socket-file.ts'
import { temporaryFolder } from '../support/control-stub.ts'

/** A socket in a folder that somebody sweeps away, so many times, right after it was made. */
function sweptSocket(t: TestContext, times: number) {
  const folder = join(temporaryFolder(t), 'outside')
  let left = times
  const socket = new SocketFile({
    server: createServer(),
    path: join(folder, 'agent.sock'),
    mode: 0o600,
    prepare: () => {
      mkdirSync(folder, { recursive: true })
      if (left-- > 0) rmSync(folder, { recursive: true })
      return true
    },
  })
  t.after(() => socket.close())
  return socket
}

test('a folder that is swept away before the socket is in it is made again', async (t) => {
  const socket = sweptSocket(t, 2)

  await socket.open()

  assert.ok(existsSync(socket.path))
})

test('a folder that never stays is an error, not an endless loop', async (t) => {
  await assert.rejects(sweptSocket(t, Number.POSITIVE_INFINITY).open(), { syscall: 'listen' })
})
