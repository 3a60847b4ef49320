// A disk that is full or read-only: what runs goes on, what can be done is done, and the rest is told and made up for.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { isAlive } from '../support/processes.ts'
import { running } from '../support/running-app.ts'
import type { SmallDisk } from '../support/small-disk.ts'
import { tryMakeReadOnly, tryMountSmallDisk } from '../support/small-disk.ts'
import { until } from '../support/until.ts'
import type { Upkeep } from '../support/upkeep.ts'
import { upkeep } from '../support/upkeep.ts'

const UPGRADE_FAILED = 71
const NO_MOUNT = 'a file system cannot be mounted here'

/** Runs `act` with a small disk below the home, and leaves nothing mounted. */
async function withSmallDisk(
  t: TestContext,
  folder: (up: Upkeep) => string,
  act: (up: Upkeep, disk: SmallDisk) => Promise<void>,
): Promise<void> {
  const up = upkeep(t)
  const disk = tryMountSmallDisk(folder(up), '2m')
  if (disk === undefined) return t.skip(NO_MOUNT)
  try {
    await act(up, disk)
  } finally {
    disk.free()
    await up.run('daemon', 'stop')
    disk.unmount()
  }
}

test('on a full home, apps are scaled and stopped, and the state follows when there is room', async (t) => {
  await withSmallDisk(
    t,
    ({ home }) => home,
    async (up, disk) => {
      const app = await running(up, 'http.mjs', { instances: 1 })
      disk.fill()

      await up.ok('scale', 'web', '2')
      // What the last state took is free when it is replaced.
      disk.fill()
      await up.ok('scale', 'web', '4')
      const workers = await up.pids('web')
      assert.equal(workers.length, 4)
      assert.equal((await app.get()).status, 200)
      disk.free()

      await until(() => stateOf(up).includes(`"pid":${workers[3]}`))
      await up.replaceDaemon()
      assert.deepEqual(await up.pids('web'), workers)
    },
  )
})

test('on a full home, an app that is not written down yet is not lost by an upgrade', async (t) => {
  await withSmallDisk(
    t,
    ({ home }) => home,
    async (up, disk) => {
      await running(up, 'http.mjs', { instances: 1 })
      disk.fill()
      await running(up, 'http.mjs', { name: 'late', instances: 1 })
      const workers = await up.pids('late')

      const { stderr } = await up.fails(UPGRADE_FAILED, 'upgrade')
      assert.match(stderr, /its state cannot be written/)
      assert.deepEqual(await up.pids('late'), workers)
      disk.free()
      await until(() => stateOf(up).includes('"late"'))
      await up.ok('upgrade')

      assert.deepEqual(await up.pids('late'), workers)
    },
  )
})

test('a daemon begins on a full home, and adopts', async (t) => {
  await withSmallDisk(
    t,
    ({ home }) => home,
    async (up, disk) => {
      await running(up, 'http.mjs', { instances: 2 })
      const workers = await up.pids('web')
      await up.killDaemon()
      // There is room in a file that is there.
      rmSync(join(up.home, 'lock'))
      disk.fill()

      await up.ok('daemon', 'start')

      assert.deepEqual(await up.pids('web'), workers)
      await up.ok('reload', 'web')
      assert.deepEqual(workers.filter(isAlive), [])
    },
  )
})

test('a full disk for the logs is told where people look, and loses no line', async (t) => {
  await withSmallDisk(
    t,
    ({ home }) => join(home, 'logs'),
    async (up, disk) => {
      const app = await running(up, 'http.mjs', { instances: 1 })
      disk.fill()

      for (let number = 0; number < 20; number++) await app.get(`/log?text=${number}-${'x'.repeat(500)}`)
      await until(async () => (await up.app('web')).notes.some((note) => /ENOSPC/.test(note)))
      await up.ok('reload', 'web')
      assert.equal((await app.get()).status, 200)
      disk.free()

      const numbers = await until(async () => {
        const found = [...(await up.logs('web')).matchAll(/(\d+)-x{500}/g)].map((match) => Number(match[1]))
        return found.length >= 20 && found
      })
      assert.deepEqual(
        numbers,
        Array.from({ length: 20 }, (_, number) => number),
      )
      await until(async () => (await up.app('web')).notes.every((note) => !/ENOSPC/.test(note)))
    },
  )
})

test('when a home becomes read-only, apps serve on, and everything works again afterwards', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs', { instances: 1 })
  const [worker] = await up.pids('web')
  const readOnly = tryMakeReadOnly(up.home)
  if (readOnly === undefined) return t.skip(NO_MOUNT)
  try {
    const { stderr } = await up.fails(71, 'scale', 'web', '2')
    assert.match(stderr, /Cannot make the log pipes/)
    assert.deepEqual(await up.pids('web'), [worker])
    assert.equal((await app.get()).status, 200)
    await up.ok('stop', 'web')
  } finally {
    readOnly.undo()
  }

  await until(() => stateOf(up).includes('"wanted":"stopped"'))
  await up.ok('start', 'web')
  assert.equal((await app.get()).status, 200)
})

for (const command of ['start', 'run']) {
  test(`on a read-only home, "daemon ${command}" says so`, async (t) => {
    const up = upkeep(t)
    await up.ok('daemon', 'start')
    await up.ok('daemon', 'stop')
    const readOnly = tryMakeReadOnly(up.home)
    if (readOnly === undefined) return t.skip(NO_MOUNT)
    try {
      const { stderr } = await up.fails(77, 'daemon', command)

      assert.match(stderr, /Cannot use ".*" as home: .*EROFS/)
    } finally {
      readOnly.undo()
    }
    assert.ok(existsSync(join(up.home, 'state.json')))
  })
}

function stateOf(up: Upkeep): string {
  return readFileSync(join(up.home, 'state.json'), 'utf8')
}
