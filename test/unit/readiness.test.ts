import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppSpec } from '../../src/protocol/app-spec.ts'
import { isSignOfReadiness, settleMs } from '../../src/supervisor/worker/readiness.ts'

const SIGNS = ['listening', 'message', 'settled'] as const

const signs: [AppSpec['ready']['when'], string][] = [
  ['auto', 'listening message settled'],
  ['listening', 'listening'],
  ['message', 'message'],
  ['started', 'settled'],
]

for (const [when, expected] of signs) {
  test(`an app that is to be ready by "${when}" is so by: ${expected}`, () => {
    assert.equal(SIGNS.filter((sign) => isSignOfReadiness(sign, when)).join(' '), expected)
  })
}

const waits: [string, AppSpec['ready']['when'], boolean, boolean, number | undefined][] = [
  ['a Node app that may never listen gets three seconds', 'auto', true, false, 3000],
  ['a Node app that has listened before has to listen again', 'auto', true, true, undefined],
  ['a program without agent gets a second', 'auto', false, false, 1000],
  ['an app that is to be ready when it is started does not wait', 'started', true, true, 0],
  ['an app that is to listen does not settle', 'listening', true, false, undefined],
  ['an app that is to say so does not settle', 'message', false, false, undefined],
]

for (const [name, when, isNode, hasListenedBefore, expected] of waits) {
  test(name, () => {
    assert.equal(settleMs({ isNode, ready: { when } } as AppSpec, hasListenedBefore), expected)
  })
}
