import assert from 'node:assert/strict'
import { closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { test } from 'node:test'
import { JsonLog } from '../../src/daemon/daemon-log.ts'
import { temporaryFolder } from '../support/logs.ts'

const MOST_BYTES = 5_000_000

function openFile(t: TestContext, path: string): number {
  const fd = openSync(path, 'a', 0o600)
  t.after(() => closeSync(fd))
  return fd
}

function messagesIn(path: string): string[] {
  const lines = readFileSync(path, 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line).message.trim())
}

test('the daemon keeps two files of its log, and no line is lost between them', (t) => {
  const path = join(temporaryFolder(t), 'daemon.log')
  const log = new JsonLog(openFile(t, path), path)
  const numbers = Array.from({ length: 3500 }, (_, number) => String(number))

  for (const number of numbers) log.info({ event: 'worker.message' }, number.padEnd(2000))

  assert.deepEqual([...messagesIn(`${path}.1`), ...messagesIn(path)], numbers)
  for (const each of [path, `${path}.1`]) {
    const { size, mode } = statSync(each)
    assert.ok(size <= MOST_BYTES, `${each} has ${size} bytes`)
    assert.equal(mode & 0o777, 0o600)
  }
})

test('a log that is too long already is rotated at the first line', (t) => {
  const path = join(temporaryFolder(t), 'daemon.log')
  writeFileSync(`${path}.1`, 'older')
  writeFileSync(path, 'x'.repeat(MOST_BYTES))

  new JsonLog(openFile(t, path), path).info({}, 'ready')

  assert.deepEqual(messagesIn(path), ['ready'])
  assert.equal(statSync(`${path}.1`).size, MOST_BYTES)
})

test('what the daemon writes elsewhere is left alone', (t) => {
  const folder = temporaryFolder(t)
  const [path, elsewhere] = [join(folder, 'daemon.log'), join(folder, 'journal')]
  writeFileSync(path, 'of another daemon')
  writeFileSync(elsewhere, 'x'.repeat(MOST_BYTES))

  new JsonLog(openFile(t, elsewhere), path).info({}, 'ready')

  assert.ok(statSync(elsewhere).size > MOST_BYTES)
  assert.equal(existsSync(`${path}.1`), false)
})

test('a long text is cut', (t) => {
  const path = join(temporaryFolder(t), 'daemon.log')

  new JsonLog(openFile(t, path), path).error({}, 'x'.repeat(1_000_000))

  assert.deepEqual(messagesIn(path), [`${'x'.repeat(2048)}…`])
})
