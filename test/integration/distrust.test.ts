// What a worker, or whoever can reach the agent socket, says to the daemon must not harm it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

test('whatever a worker writes to its channel, the daemon and the worker go on', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'garbles-channel.mjs', { instances: 2 })
  const { pid } = await up.daemon()

  await up.ok('reload', 'web')

  assert.equal((await app.get()).status, 200)
  assert.equal((await up.daemon()).pid, pid)
})

const HELLO = JSON.stringify({
  type: 'hello',
  version: 1,
  worker: 'web.0.0123456789abcdef',
  isDraining: false,
})
const WHAT_STRANGERS_SAY = [
  'not JSON\n',
  'null\n',
  '{"type":"listen","id":1,"address":null}\n',
  `${HELLO}\n`,
  `${HELLO.replace('"version":1', '"version":999')}\n`,
  'x'.repeat(10_000),
]

test('the agent socket closes on whoever is no worker of it', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs')
  const { pid } = await up.daemon()

  for (const text of WHAT_STRANGERS_SAY) {
    const stranger = await strangerTo(t, up)
    const closed = once(stranger, 'close')
    stranger.write(text)
    await closed
  }

  assert.equal((await up.daemon()).pid, pid)
})

test('who says nothing on the agent socket is sent away after some seconds', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })

  const stranger = await strangerTo(t, up)

  await once(stranger, 'close', { signal: AbortSignal.timeout(15_000) })
})

test('many silent strangers are not let in, and adoption works beside them', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const workers = await up.pids('web')
  const strangers = await Promise.all(Array.from({ length: 200 }, () => strangerTo(t, up)))
  await until(() => strangers.filter(({ destroyed }) => destroyed).length >= 100)
  for (const stranger of strangers) stranger.destroy()

  await up.replaceDaemon()
  await up.ok('reload', 'web')

  assert.equal((await app.get()).status, 200)
  assert.ok(!(await up.pids('web')).some((pid) => workers.includes(pid)))
})

test('a worker that asks for sockets without end takes a bounded part of the daemon', {
  skip: process.platform === 'linux' ? false : 'needs /proc',
}, async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'asks-for-too-much.mjs', { instances: 1 })
  const { pid } = await up.daemon()
  const answer = await until(async () => /the last: (.*)/.exec(await up.logs('web'))?.[1])

  assert.equal(answer, 'EMFILE')
  assert.equal((await app.get()).status, 200)
  assert.ok(readdirSync(`/proc/${pid}/fd`).length < 1200)
  assert.ok((await up.app('web')).listening.length <= 1000)
})

test('a worker that connects again and again is not let in for ever', {
  skip: process.platform === 'linux' ? false : 'needs /proc',
}, async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const [pid = 0] = await up.pids('web')
  const worker = /UPKEEP_WORKER=([^\0]+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8'))?.[1]
  let welcomes = 0

  for (let tries = 0; tries < 200; tries++) {
    const socket = await strangerTo(t, up)
    socket.on('data', () => welcomes++)
    const answered = Promise.race([once(socket, 'data'), once(socket, 'close')])
    socket.write(`${JSON.stringify({ type: 'hello', version: 1, worker, isDraining: false })}\n`)
    await answered
    socket.destroy()
  }

  assert.ok(welcomes > 0 && welcomes <= 100, `${welcomes}`)
})

test('a worker of another user gets no port and no file that this user could not have', {
  skip: process.getuid?.() === 0 ? false : 'needs root',
}, async (t) => {
  const up = upkeep(t)
  chmodSync(up.folder, 0o755)
  const path = join(up.folder, 'made-by-root.sock')
  const TARGETS = JSON.stringify([{ port: 87 }, { path }, { port: 0 }])

  const app = await running(up, 'tries-to-listen.mjs', {
    instances: 1,
    user: 'nobody',
    group: 'nogroup',
    ready: { when: 'message' },
    env: { TARGETS },
  })

  assert.deepEqual((await app.get()).json(), ['EACCES', 'EACCES', 'listens'])
  assert.ok(!existsSync(path))
})

async function strangerTo(t: TestContext, up: Upkeep): Promise<Socket> {
  const socket = connect(join(up.home, 'agent.sock'))
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  socket.resume()
  await once(socket, 'connect')
  return socket
}
