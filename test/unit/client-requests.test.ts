// What the client asks, and how it reads good answers. Against a real server on a unix socket.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { Failure } from '../../src/base/failure.ts'
import { answerJson, answerLines, controlStub } from '../support/control-stub.ts'
import { until } from '../support/until.ts'

test('every request names the version of the protocol, except those for a daemon of any version', async (t) => {
  const stub = await controlStub(t, answerJson({ pid: 1, protocol: 1, apps: [], changes: [] }))
  const client = stub.client()

  await client.apps()
  await client.diff({ apps: [], source: null })
  await client.daemon()

  assert.deepEqual(
    stub.requests.map(({ method, url, headers }) => [method, url, headers['upkeep-protocol']]),
    [
      ['GET', '/v1/apps', '1'],
      ['POST', '/v1/diff', '1'],
      ['GET', '/v1/daemon', undefined],
    ],
  )
})

test('a request that has no text is refused as one, and not sent', async (t) => {
  const stub = await controlStub(t, answerJson({}))
  const circle: Record<string, unknown> = {}
  circle.self = circle

  await assert.rejects(stub.client().importState({ state: circle }), { code: 'REQUEST_INVALID' })

  assert.equal(stub.requests.length, 0)
})

test('the name of an app may have any character', async (t) => {
  const stub = await controlStub(t, answerJson({ name: 'a/b ü' }))

  await stub.client().app('a/b ü', { showEnv: true })

  assert.equal(stub.requests[0]?.url, '/v1/apps/a%2Fb%20%C3%BC?env=show')
})

test('an operation hands out its events and tells whether all of it succeeded', async (t) => {
  const step = { type: 'step', app: 'web', instance: 0, text: 'waits until it is ready' }
  const stub = await controlStub(t, (response, { body }) => {
    const ok = JSON.stringify(body).includes('good')
    answerLines(step, { type: 'end', ok })(response, { method: '', url: '', body, headers: {} })
  })
  const client = stub.client()
  const seen: unknown[] = []
  const request = (target: string) => ({ action: 'reload', targets: [target] }) as const

  assert.equal(await client.operate(request('good'), { onEvent: (event) => seen.push(event) }), true)
  assert.equal(await client.operate(request('bad')), false)

  assert.deepEqual(seen, [step, { type: 'end', ok: true }])
  assert.deepEqual(stub.requests[0]?.body, { action: 'reload', targets: ['good'] })
})

test('a query for logs leaves out what is not given', async (t) => {
  const stub = await controlStub(t, answerLines())
  const client = stub.client()

  for await (const _ of client.logs({ targets: ['web', '/^api-/'], lines: 5, stream: 'stderr' }))
    assert.fail()
  for await (const _ of client.logs()) assert.fail()

  assert.deepEqual(
    stub.requests.map(({ url }) => url),
    ['/v1/logs?targets=web&targets=%2F%5Eapi-%2F&lines=5&stream=stderr', '/v1/logs?'],
  )
})

test('lines are put together again wherever the stream was cut', async (t) => {
  const bytes = Buffer.from('{"line":"Grüße"}\n\n{"line":"☃"}\n{"line":"without an end"}')
  let response: ServerResponse | undefined
  const stub = await controlStub(t, (answering) => {
    response = answering.writeHead(200)
    sendByte(0)
  })
  const sendByte = (index: number) => {
    if (index === bytes.length) response?.end()
    else response?.write(bytes.subarray(index, index + 1), () => setImmediate(sendByte, index + 1))
  }

  const lines: string[] = []
  for await (const { line } of stub.client().logs()) lines.push(line)

  assert.deepEqual(lines, ['Grüße', '☃', 'without an end'])
})

test('a reader that leaves closes the connection', async (t) => {
  let isClosed = false
  const stub = await controlStub(t, (response) => {
    response.writeHead(200).write('{"line":"first"}\n')
    response.once('close', () => {
      isClosed = true
    })
  })

  for await (const _ of stub.client().logs({ follow: true })) break

  await until(() => isClosed)
})

test('a signal ends the waiting with its reason, before and during the answer', async (t) => {
  const stub = await controlStub(t, (response) => response.writeHead(200).write('\n'))
  const reason = new Failure('INTERRUPTED', 'Stopped waiting')
  const controller = new AbortController()
  const request = { action: 'stop', targets: ['all'] } as const

  const waiting = stub.client().operate(request, { signal: controller.signal })
  await until(() => stub.requests.length === 1)
  controller.abort(reason)

  await assert.rejects(waiting, (error) => error === reason)
  await assert.rejects(
    stub.client().operate(request, { signal: AbortSignal.abort(reason) }),
    (error) => error === reason,
  )
})
