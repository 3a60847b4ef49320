import assert from 'node:assert/strict'
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { Spool, settleSpools } from '../../src/supervisor/logs/pipe/spool.ts'
import { temporaryFolder } from '../support/logs.ts'

/** A spool with `moved` in it, and a log with `logged`. */
function spoolUnderTest(t: TestContext, { moved, logged }: { moved: string; logged: string }) {
  const directory = temporaryFolder(t)
  const pipe = join(directory, 'w.out')
  const file = `${pipe}.spool`
  const log = join(directory, 'logs', '0.out.log')
  mkdirSync(join(directory, 'logs'))
  writeFileSync(log, logged)
  const open = () => {
    const spool = Spool.tryOpen(pipe, log)
    assert.ok(spool)
    t.after(() => spool.close())
    return spool
  }
  const spool = open()
  appendFileSync(file, moved)
  spool.look()
  return {
    directory,
    file,
    log,
    spool,
    /** What the next daemon finds in it. */
    found: () => {
      settleSpools(directory)
      const next = open()
      return next.hasUnread ? next.read().toString() : ''
    },
    /** All that was read is about to be appended to the log. */
    intend: (payload: string, isVerbatim = true) => {
      const { ino, size } = statSync(log)
      spool.read()
      spool.carry(spool.readAt, payload.length, isVerbatim)
      spool.intends({
        inode: ino,
        sizeBytes: size,
        lengthBytes: payload.length,
        payloadBytes: payload.length,
      })
    },
  }
}

describe('what the next daemon finds in a spool', () => {
  test('all, when nothing was about to be written', (t) => {
    const { found } = spoolUnderTest(t, { moved: 'one\ntwo\n', logged: '' })
    assert.equal(found(), 'one\ntwo\n')
  })

  test('all, when the write was not done', (t) => {
    const { intend, found } = spoolUnderTest(t, { moved: 'one\n', logged: 'zero\n' })
    intend('one\n')
    assert.equal(found(), 'one\n')
  })

  test('nothing, when it was', (t) => {
    const { intend, log, found } = spoolUnderTest(t, { moved: 'one\n', logged: 'zero\n' })
    intend('one\n')
    appendFileSync(log, 'one\n')
    assert.equal(found(), '')
  })

  test('all, and what was done of the write is undone, when that was a part', (t) => {
    const { intend, log, found } = spoolUnderTest(t, { moved: 'one\n', logged: 'zero\n' })
    intend('one\n')
    appendFileSync(log, 'on')
    assert.equal(found(), 'one\n')
    assert.equal(readFileSync(log, 'utf8'), 'zero\n')
  })

  for (const [isVerbatim, expected] of [
    [true, 'two\n'],
    [false, 'one\ntwo\n'],
  ] as const) {
    const how = isVerbatim
      ? 'the rest, when the disk took a part of the same bytes'
      : 'all, when the part was in another form'
    test(`${how}, and the write after it was not done`, (t) => {
      const { spool, intend, log, found } = spoolUnderTest(t, { moved: 'one\ntwo\n', logged: '' })
      intend('one\ntwo\n', isVerbatim)
      appendFileSync(log, 'one\n')
      spool.wrote(4)
      const { ino } = statSync(log)
      spool.intends({ inode: ino, sizeBytes: 4, lengthBytes: 4, payloadBytes: 4 })
      assert.equal(found(), expected)
    })
  }

  test('nothing, when others have written since, and what they wrote stays', (t) => {
    const { intend, log, found } = spoolUnderTest(t, { moved: 'one\n', logged: '' })
    intend('one\n')
    appendFileSync(log, 'one\nof another worker\n')
    assert.equal(found(), '')
    assert.equal(readFileSync(log, 'utf8'), 'one\nof another worker\n')
  })

  test('what is right when the log has been rotated since', (t) => {
    for (const [written, expected] of [
      ['', 'one\n'],
      ['one\n', ''],
    ] as const) {
      const { intend, log, found } = spoolUnderTest(t, { moved: 'one\n', logged: 'zero\n' })
      intend('one\n')
      appendFileSync(log, written)
      renameSync(log, join(log, '..', '0.out.20260101T000000.000Z.log'))
      writeFileSync(log, 'a new file with more in it\n')
      assert.equal(found(), expected)
    }
  })

  test('nothing, when the log has been removed since', (t) => {
    const { intend, log, found } = spoolUnderTest(t, { moved: 'one\n', logged: 'zero\n' })
    intend('one\n')
    rmSync(join(log, '..'), { recursive: true })
    assert.equal(found(), '')
  })

  test('what came after an emptying, when there was no time to say that it was emptied', (t) => {
    const { intend, spool, file, log, found } = spoolUnderTest(t, { moved: 'one\n', logged: '' })
    intend('one\n')
    appendFileSync(log, 'one\n')
    spool.wrote(4)
    truncateSync(file, 4096)
    assert.equal(found(), '')
    appendFileSync(file, 'something new that is longer\n')
    assert.equal(found(), 'something new that is longer\n')
  })

  test('a line without its end, of which nothing could be written', (t) => {
    const { spool, log, found } = spoolUnderTest(t, { moved: 'one\ntw', logged: '' })
    const { ino } = statSync(log)
    spool.read()
    spool.carry(spool.readAt - 2, 12, false)
    spool.intends({ inode: ino, sizeBytes: 0, lengthBytes: 12, payloadBytes: 12 })
    appendFileSync(log, '{"line":"1"}')
    spool.wrote(12)
    assert.equal(found(), 'tw')
  })

  for (const [what, content] of [
    ['nothing', ''],
    ['garbage', 'x'.repeat(5000)],
    ['half a head', 'upkeep spool 1\n\0'],
  ] as const) {
    test(`nothing, when there is ${what} in the file`, (t) => {
      const { file, found } = spoolUnderTest(t, { moved: 'one\n', logged: '' })
      writeFileSync(file, content)
      assert.equal(found(), '')
    })
  }
})

test('a spool gives room back when all of it is written', (t) => {
  const { spool, file, intend } = spoolUnderTest(t, { moved: 'one\n', logged: '' })
  intend('one\n')
  assert.equal(spool.tidy(), false)
  assert.equal(statSync(file).size, 4100)
  spool.wrote(4)

  assert.equal(spool.tidy(), false)

  assert.equal(statSync(file).size, 4096)
  assert.equal(spool.endAt, 4096)
})

test('a spool in which a line never ends just then is begun anew with its beginning', (t) => {
  const { spool, file, found } = spoolUnderTest(t, { moved: `${'x'.repeat(1_100_000)}\nhalf`, logged: '' })
  while (spool.hasUnread) spool.read()
  spool.carry(spool.readAt - 4, 1, false)
  spool.wrote(1)

  assert.equal(spool.tidy(), true)

  assert.equal(statSync(file).size, 4100)
  assert.equal(spool.endAt, 4100)
  assert.equal(spool.hasUnread, false)
  assert.equal(found(), 'half')
})

test('a spool that cannot be made is none', (t) => {
  const directory = temporaryFolder(t)
  assert.equal(Spool.tryOpen(join(directory, 'missing', 'w.out'), '/log'), undefined)
  assert.equal(Spool.tryOpen(join(directory, 'w.out'), `/${'x'.repeat(5000)}`), undefined)
})
