import assert from 'node:assert/strict'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { settleSpools } from '../../src/supervisor/logs/pipe/settle-spools.ts'
import { Spool } from '../../src/supervisor/logs/pipe/spool.ts'
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
      settleSpools(directory, directory)
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

  test('all, and the part is undone, when the disk took a part in another form and then nothing', (t) => {
    const { spool, intend, log, found } = spoolUnderTest(t, { moved: 'one\ntwo\n', logged: 'zero\n' })
    intend('{one}\n{two}\n', false)
    appendFileSync(log, '{one}\n{t')
    spool.wrote(8)
    const { ino } = statSync(log)
    for (let round = 0; round < 3; round++) {
      spool.intends({ inode: ino, sizeBytes: 13, lengthBytes: 4, payloadBytes: 4 })
      spool.refused()
    }
    spool.leave()
    assert.equal(found(), 'one\ntwo\n')
    assert.equal(readFileSync(log, 'utf8'), 'zero\n')
  })

  test('all, when the disk took nothing and the log was removed to make room', (t) => {
    const { spool, intend, log, found } = spoolUnderTest(t, { moved: 'one\n', logged: 'zero\n' })
    intend('one\n')
    spool.refused()
    rmSync(log)
    assert.equal(found(), 'one\n')
  })

  test('what is left, and a log that was emptied since is not cut', (t) => {
    const { spool, log, found } = spoolUnderTest(t, { moved: 'one\ntw', logged: 'zero\n' })
    spool.read()
    spool.carry(spool.readAt - 2, 6, false)
    spool.intends({ inode: statSync(log).ino, sizeBytes: 5, lengthBytes: 6, payloadBytes: 6 })
    appendFileSync(log, '{one}\n')
    spool.wrote(6)
    spool.tidy()
    writeFileSync(log, 'other\n')
    assert.equal(found(), 'tw')
    assert.equal(readFileSync(log, 'utf8'), 'other\n')
  })

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

/** Bytes of a head with these numbers, of a log at this path. */
function headOf(numbers: readonly number[], logPath: string, restAt = 0): Buffer {
  const head = Buffer.alloc(5000)
  head.write('upkeep spool 1\n\0')
  for (const [index, number] of [...numbers, restAt].entries()) head.writeDoubleLE(number, 16 + index * 8)
  head.writeUInt32LE(Buffer.byteLength(logPath), 64)
  head.write(logPath, 68)
  return head
}

describe('a head that nobody of ours has written', () => {
  for (const [what, numbers, restAt] of [
    ['no number', [Number.NaN, Number.NaN, 1, 1, 1], 0],
    ['numbers below zero', [-4096, -1, 7, -5, -5], -9],
    ['a place inside of the head', [0, 4096, 0, 0, 0], 0],
    ['numbers that are too large', [1e300, 1e10, 2 ** 60, 1e300, 1e300], 1e300],
    ['fractions', [4096.5, 4097.5, 1.5, 0.5, 0.5], 4096.5],
    ['no place for the rest', [4096, 4096, 0, 0, 0], Number.NaN],
  ] as const) {
    test(`does not keep a daemon from beginning: ${what}`, (t) => {
      const { file, log, found } = spoolUnderTest(t, { moved: '', logged: 'one\n' })
      writeFileSync(file, headOf(numbers, log, restAt))
      writeFileSync(file.replace('.spool', '.rest'), '')
      found()
      assert.equal(readFileSync(log, 'utf8'), 'one\n')
    })
  }

  for (const where of ['../precious', 'logs/notes.txt', 'logs/0.out.log.times', 'logs/0.out.log\0']) {
    test(`does not cut a file that is no log: ${JSON.stringify(where)}`, (t) => {
      const { directory, file, found } = spoolUnderTest(t, { moved: '', logged: '' })
      const target = where.startsWith('..')
        ? join(temporaryFolder(t), '0.out.log')
        : join(directory, where.replace('.log\0', '.md'))
      writeFileSync(target, 'precious')
      const named = where.endsWith('\0') ? join(directory, where) : target
      writeFileSync(file, headOf([4096, 4096, statSync(target).ino, 1, 1000], named))
      found()
      assert.equal(readFileSync(target, 'utf8'), 'precious')
    })
  }

  test('still finds its log after the home was moved', (t) => {
    const { directory, file, log, found } = spoolUnderTest(t, { moved: 'one\n', logged: 'zero\non' })
    const moved = headOf([4096, 4100, statSync(log).ino, 5, 4], log.replace(directory, '/old/home')).subarray(
      0,
      4096,
    )
    writeFileSync(file, Buffer.concat([moved, Buffer.from('one\n')]))
    assert.equal(found(), 'one\n')
    assert.equal(readFileSync(log, 'utf8'), 'zero\n')
  })
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

test('a file is added and removed, or neither', (t) => {
  const { spool, file, directory } = spoolUnderTest(t, { moved: 'one\n', logged: '' })
  const rest = join(directory, 'w.out.rest')
  writeFileSync(rest, 'two\n')
  const fd = openSync(rest, 'r')
  t.after(() => closeSync(fd))

  // What cannot be removed, as on a disk that is read-only by now.
  assert.equal(spool.moveIn(join(directory, 'logs'), fd), false)
  assert.deepEqual([spool.endAt, statSync(file).size], [4100, 4100])
  assert.equal(spool.moveIn(rest, fd), true)

  assert.deepEqual([spool.endAt, statSync(file).size, existsSync(rest)], [4104, 4104, false])
  assert.equal(spool.read().toString(), 'one\ntwo\n')
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

test('a spool is not begun anew in a file that somebody has put a link to', (t) => {
  const { directory, spool, file } = spoolUnderTest(t, {
    moved: `${'x'.repeat(1_100_000)}\nhalf`,
    logged: '',
  })
  writeFileSync(join(directory, 'precious'), 'precious')
  symlinkSync(join(directory, 'precious'), `${file}.tmp`)
  while (spool.hasUnread) spool.read()
  spool.carry(spool.readAt - 4, 1, false)
  spool.wrote(1)

  assert.equal(spool.tidy(), false)

  assert.equal(readFileSync(join(directory, 'precious'), 'utf8'), 'precious')
})

test('a spool that cannot be made is none', (t) => {
  const directory = temporaryFolder(t)
  assert.equal(Spool.tryOpen(join(directory, 'missing', 'w.out'), '/log'), undefined)
  assert.equal(Spool.tryOpen(join(directory, 'w.out'), `/${'x'.repeat(5000)}`), undefined)
})
