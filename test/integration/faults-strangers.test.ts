import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { environmentOf } from '../support/processes.ts'
import { running } from '../support/running-app.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

test('strangers that fill the agent socket in silence keep no agent out', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const [pid = 0] = await up.pids('web')
  const worker = environmentOf(pid).UPKEEP_WORKER
  for (let count = 0; count < 64; count++) await connected(t, up)

  const agent = await connected(t, up)
  const answer = Promise.race([once(agent, 'data'), once(agent, 'close').then(() => 'sent away')])
  agent.write(`${JSON.stringify({ type: 'hello', version: 1, worker, isDraining: false })}\n`)

  assert.match(String(await answer), /"welcome"/)
})

async function connected(t: TestContext, up: Upkeep): Promise<Socket> {
  const socket = connect(join(up.home, 'agent.sock'))
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}
