import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLineSplitter } from '../../src/base/json-lines.ts'
import { parseAgentMessage } from '../../src/supervisor/agents/agent-message.ts'

const TCP = { kind: 'tcp', host: '127.0.0.1', family: 4, port: 80, index: 0, ipv6Only: false } as const

test('messages of an agent are taken as they are', () => {
  const messages = [
    { type: 'hello', version: 1, worker: 'web.0.ab', isDraining: false },
    { type: 'listen', id: 1, address: TCP },
    { type: 'listen', id: 1, address: { ...TCP, host: null, family: 6 } },
    { type: 'listen', id: 2, address: { kind: 'unix', path: '/run/app.sock' } },
    { type: 'listening', key: 'tcp4:*:80', shown: '0.0.0.0:80' },
    { type: 'closed', key: 'tcp4:*:80' },
    { type: 'socket', address: TCP },
    { type: 'introduced' },
    { type: 'ready', more: 'of a later version' },
    { type: 'draining' },
  ]

  assert.deepEqual(messages.map(parseAgentMessage), messages)
})

for (const value of [
  undefined,
  null,
  7,
  'ready',
  [],
  {},
  { type: 'toString' },
  { type: 7 },
  { type: 'hello' },
  { type: 'hello', version: 1, worker: 7, isDraining: false },
  { type: 'hello', version: 1, worker: 'x'.repeat(10_000), isDraining: false },
  { type: 'listen', id: -1, address: TCP },
  { type: 'listen', id: 1 },
  { type: 'listen', id: 1, address: { ...TCP, port: 65_536 } },
  { type: 'listen', id: 1, address: { ...TCP, port: 1.5 } },
  { type: 'listen', id: 1, address: { ...TCP, host: 'localhost' } },
  { type: 'listen', id: 1, address: { ...TCP, family: 6 } },
  { type: 'listen', id: 1, address: { ...TCP, family: 5, host: null } },
  { type: 'listen', id: 1, address: { ...TCP, kind: 'udp' } },
  { type: 'listen', id: 1, address: { kind: 'unix', path: 'app.sock' } },
  { type: 'listen', id: 1, address: { kind: 'unix', path: '/run/\0' } },
]) {
  test(`is no message: ${(JSON.stringify(value) ?? 'undefined').slice(0, 100)}`, () => {
    assert.equal(parseAgentMessage(value), undefined)
  })
}

test('lines that are no JSON or too long are skipped, however they are cut', () => {
  for (const size of [1, 3, 7, 1000]) {
    const values: unknown[] = []
    const split = jsonLineSplitter((value) => values.push(value), 20)
    const text = `1\nnonsense\n"${'x'.repeat(50)}"\n\n{"a":\n2\n"${'y'.repeat(18)}"\n`

    for (let at = 0; at < text.length; at += size) split(text.slice(at, at + size))

    assert.deepEqual(values, [1, 2, 'y'.repeat(18)], `in pieces of ${size}`)
  }
})
