import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppOperations } from '../../src/supervisor/app/app-operations.ts'

const nothing = async () => {}

test('operations on an app run one after another', async () => {
  const operations = new AppOperations('web')
  const seen: string[] = []
  const step = (name: string) => async () => {
    seen.push(`${name} begins`)
    await Promise.resolve()
    seen.push(`${name} ends`)
  }

  await Promise.all([operations.run(step('reload')), operations.run(step('scale'))])

  assert.deepEqual(seen, ['reload begins', 'reload ends', 'scale begins', 'scale ends'])
})

test('what waits ahead of a stop gives way, what comes after it does not', async () => {
  const operations = new AppOperations('web')
  const reload = operations.run(nothing)
  const stop = operations.interrupt(nothing)
  const start = operations.run(nothing)

  await assert.rejects(reload, { code: 'APP_NOT_RUNNING' })
  await Promise.all([stop, start])
})

test('an operation that is under way learns that it has to give way', async () => {
  const operations = new AppOperations('web')
  let stop: Promise<void> | undefined

  const reload = operations.run(async () => {
    operations.giveWay()
    stop = operations.interrupt(nothing)
    operations.giveWay()
  })

  await assert.rejects(reload, { message: 'Cannot finish with "web": it was stopped meanwhile' })
  await stop
})

test('what lines up behind the end of an app finds it no more', async () => {
  const operations = new AppOperations('web')

  const remove = operations.interrupt(async () => operations.end())
  const late = [operations.run(nothing), operations.interrupt(nothing)]

  await remove
  for (const operation of late) await assert.rejects(operation, { code: 'APP_NOT_FOUND' })
})

test('an app is busy until its last operation has ended, also when that failed', async () => {
  const operations = new AppOperations('web')

  const failing = operations.run(async () => {
    throw new Error('no')
  })
  const wasBusy = operations.isBusy
  await failing.catch(() => {})

  assert.deepEqual([wasBusy, operations.isBusy], [true, false])
})
