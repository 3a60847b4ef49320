import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '../../src/protocol/version.ts'
import { programOrSkip } from '../support/programs.ts'
import { request } from '../support/request.ts'
import { running } from '../support/running-app.ts'
import { upkeep } from '../support/upkeep.ts'

const NESTED = '['.repeat(100_000) + ']'.repeat(100_000)

test('curl --unix-socket reads the list', async (t) => {
  const curl = programOrSkip(t, 'curl')
  if (curl === undefined) return
  const up = upkeep(t)
  await running(up, 'http.mjs')

  const args = ['--silent', '--fail', '--unix-socket', `${up.home}/upkeep.sock`, 'http://upkeep/v1/apps']
  const { stdout } = await promisify(execFile)(curl, args)

  const { apps } = JSON.parse(stdout)
  assert.equal(apps[0].name, 'web')
  assert.equal(apps[0].instances.length, 2)
})

test('every answer tells the version, and another version is refused', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const socketPath = `${up.home}/upkeep.sock`

  const answer = await request({ socketPath, path: '/v1/daemon' })
  assert.equal(answer.headers[PROTOCOL_HEADER], String(PROTOCOL_VERSION))

  const other = await request({ socketPath, path: '/v1/daemon', headers: { [PROTOCOL_HEADER]: '999' } })
  assert.ok(other.status >= 400)
  assert.equal(other.json<{ error: { code: string } }>().error.code, 'PROTOCOL_MISMATCH')
})

for (const [what, path, body, status] of [
  ['a path that is none', '/v1/nothing', undefined, 404],
  ['an app nobody has', '/v1/apps/nobody', undefined, 404],
  ['a body that is not JSON', '/v1/operations', '{', 400],
  ['a body with the wrong fields', '/v1/operations', '{"action":"dance","targets":[]}', 400],
  ['a body of 100,000 levels', '/v1/import', `{"state":{"version":2,"apps":[${NESTED}]}}`, 400],
  ['a spec that breaks the rules', '/v1/apply', '{"source":null,"apps":[{"name":"../x"}]}', 400],
] as const) {
  test(`the control socket answers ${status} to ${what}, with an error as data`, async (t) => {
    const up = upkeep(t)
    await up.ok('daemon', 'start')

    const answer = await request({
      socketPath: `${up.home}/upkeep.sock`,
      path,
      ...(body === undefined
        ? {}
        : { method: 'POST', body, headers: { 'content-type': 'application/json' } }),
    })

    assert.equal(answer.status, status, answer.body)
    const { error } = answer.json<{ error: { code: string; message: string } }>()
    assert.match(error.code, /^[A-Z_]+$/)
    assert.match(error.message, /^Cannot/)
  })
}

test('odd request targets are answered, and never with a 500', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const socketPath = `${up.home}/upkeep.sock`

  for (const [path, status] of [
    ['//', 404],
    ['//v1/daemon', 404],
    ['/\\', 404],
    ['/v1/apps/%', 400],
    ['/v1/apps/:name', 404],
    ['*', 400],
    ['http://[', 400],
    ['http://upkeep:port/', 400],
    ['http://other/v1/nothing', 404],
    ['http://other/v1/daemon', 200],
    ['mailto:root', 400],
    ['constructor', 400],
  ] as const) {
    const answer = await request({ socketPath, path })
    assert.equal(answer.status, status, `${path}: ${answer.body}`)
  }
})

test('bodies of the wrong kind are refused, and never with a 500', async (t) => {
  const up = upkeep(t)
  await up.ok('daemon', 'start')
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const bodies = [
    ['/v1/operations', '{"action":["stop"],"targets":["all"]}'],
    ['/v1/operations', `{"action":${deep},"targets":["all"]}`],
    ['/v1/operations', `{"action":"stop","targets":${deep}}`],
    ['/v1/apply', '{"apps":[],"source":""}'],
    ['/v1/apply', '{"apps":[],"source":"\\u0000"}'],
    ['/v1/apply', `{"apps":${deep.replaceAll('[', '{"a":[').replaceAll(']', ']}')},"source":null}`],
  ] as const

  for (const [path, body] of bodies) {
    const { status } = await request({ socketPath: join(up.home, 'upkeep.sock'), path, method: 'POST', body })
    assert.equal(status, 400, body.slice(0, 100))
  }
})

test('a regular expression that takes for ever is given up', async (t) => {
  const up = upkeep(t)
  const name = `${'a'.repeat(40)}b`
  await running(up, 'http.mjs', { name, instances: 1 })

  const { stderr } = await up.fails(64, 'stop', '/(a+)+$/')

  assert.match(stderr, /takes too long/)
  assert.equal((await up.app(name)).state, 'running')
})

test('operations stream their steps and end with a verdict', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs')

  const answer = await request({
    socketPath: `${up.home}/upkeep.sock`,
    path: '/v1/operations',
    method: 'POST',
    body: JSON.stringify({ action: 'reload', targets: ['web'] }),
    headers: { 'content-type': 'application/json' },
    timeoutMs: 20_000,
  })

  const events = answer.body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.ok(events.some(({ type }) => type === 'step'))
  assert.deepEqual(events.at(-1), { type: 'end', ok: true })
  assert.equal(events.at(-2).outcome, 'reloaded')
})
