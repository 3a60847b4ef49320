// Nobody else reads what is in the home, whatever umask the user has; and apps get that umask, not one of ours.
import assert from 'node:assert/strict'
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { appOf, running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { upkeep } from '../support/upkeep.ts'

function withUmask(t: TestContext, mask: number): void {
  const before = process.umask(mask)
  t.after(() => process.umask(before))
}

/** Every path in the folder, and the folder, with what others may do there. */
function openToOthers(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return ['', ...names].flatMap((name) => {
    // A state that is just being written has a name for a moment only.
    const found = lstatSync(join(folder, name), { throwIfNoEntry: false })
    if (found === undefined) return []
    const rights = found.mode & 0o7777
    const wanted = found.isDirectory() ? 0o700 : 0o600
    return rights === wanted ? [] : [`${name}: ${rights.toString(8)}`]
  })
}

for (const mask of [0o022, 0o000]) {
  test(`with umask ${mask.toString(8)} everything in the home is for its owner alone`, async (t) => {
    withUmask(t, mask)
    const up = upkeep(t)
    const logs = { maxSize: '1KB', keep: 5, compress: true }
    const app = await running(up, 'http.mjs', { instances: 1, logs })
    const folder = join(up.home, 'logs', 'web')
    const text = 'x'.repeat(600)
    await until(
      async () => {
        await app.get(`/log?text=${text}`)
        return readdirSync(folder).some((name) => name.endsWith('.gz'))
      },
      { show: () => readdirSync(folder) },
    )

    assert.deepEqual(openToOthers(up.home), [])
    await up.ok('flush', 'web')
    await up.ok('reload', 'web')
    await up.replaceDaemon()
    await app.get(`/log?text=${text}`)
    assert.deepEqual(openToOthers(up.home), [])
    assert.ok(['lock', 'state.json.last', 'daemon.log'].every((name) => existsSync(join(up.home, name))))
  })
}

test('a worker has the umask of whoever started the daemon, and its unix socket the mode of that', async (t) => {
  withUmask(t, 0o022)
  const up = upkeep(t)
  const socket = join(up.folder, 'app.sock')
  const app = await appOf(up, 'listen-forms.mjs', {
    instances: 1,
    env: { FORM: 'unix socket', SOCKET: socket },
  })
  await up.ok('start', app.configure({}))
  const [worker] = await up.pids('web')
  const plain = createServer()
  const plainSocket = join(up.folder, 'plain.sock')
  await new Promise<void>((resolve) => plain.listen(plainSocket, resolve))
  t.after(() => plain.close())

  assert.match(readFileSync(`/proc/${worker}/status`, 'utf8'), /^Umask:\s*0022$/m)
  assert.equal(statSync(socket).mode, statSync(plainSocket).mode)
})
