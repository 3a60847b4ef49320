import assert from 'node:assert/strict'
import { test } from 'node:test'
import { didYouMean, nearestName } from '../../src/base/nearest-name.ts'

const KNOWN = ['ready', 'reload', 'restart', 'instances', 'env', 'envFile']

test('the nearest known name is found in spite of typing mistakes', () => {
  for (const [typed, meant] of [
    ['redy', 'ready'],
    ['raedy', 'ready'],
    ['READY', 'ready'],
    ['instanecs', 'instances'],
    ['instance', 'instances'],
    ['evn', 'env'],
    ['env_file', 'envFile'],
  ] as const) {
    assert.equal(nearestName(typed, KNOWN), meant, typed)
  }
})

test('a name that is near to nothing has no neighbour', () => {
  for (const typed of ['', 'banana', 'xyz', 'r'.repeat(100_000)]) {
    assert.equal(nearestName(typed, KNOWN), undefined)
  }
})

test('the question ends a sentence, or is empty', () => {
  assert.equal(didYouMean('redy', KNOWN), ', did you mean "ready"?')
  assert.equal(didYouMean('banana', KNOWN), '')
})
