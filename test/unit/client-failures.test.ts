// What the client says when something else than a good answer comes. Against real servers on a unix socket.
import assert from 'node:assert/strict'
import { chmodSync, chownSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { isDaemonAbsent } from '../../src/client/daemon-absent.ts'
import { UpkeepClient } from '../../src/client/upkeep-client.ts'
import { answerJson, answerLines, controlStub, listening, temporaryFolder } from '../support/control-stub.ts'
import { isRoot } from '../support/programs.ts'
import { until } from '../support/until.ts'

const UNREACHABLE = { code: 'DAEMON_UNREACHABLE' } as const

test('without a daemon the failure names the socket and the way to start one', async (t) => {
  const home = temporaryFolder(t)

  for (const client of [new UpkeepClient({ home }), new UpkeepClient({ home: join(home, 'no', 'such') })]) {
    await assert.rejects(client.apps(), (error: Error) => {
      assert.ok(isDaemonAbsent(error))
      assert.match(error.message, /^Cannot reach the daemon at ".*upkeep\.sock": no daemon listens there$/)
      return true
    })
  }
})

test('a socket that nobody listens on any more is the same as none', async (t) => {
  const home = temporaryFolder(t)
  writeFileSync(join(home, 'upkeep.sock'), '')

  await assert.rejects(new UpkeepClient({ home }).apps(), isDaemonAbsent)
})

test('what answers in the home of another user is told nothing', {
  skip: isRoot() ? false : 'needs root',
}, async (t) => {
  const stub = await controlStub(t, answerJson({ apps: [] }))
  chownSync(stub.home, 1, 1)
  for (const path of [stub.home, join(stub.home, 'upkeep.sock')]) chmodSync(path, 0o777)

  process.seteuid?.(2)
  const asked = stub.client().apps()
  await assert.rejects(asked, { code: 'HOME_UNSAFE' }).finally(() => process.seteuid?.(0))

  assert.equal(stub.requests.length, 0)
})

test('a daemon of another version is told apart, and how to replace it', async (t) => {
  const stub = await controlStub(t, (response) => {
    response.setHeader('upkeep-protocol', '7')
    response.end('{"pid":1,"protocol":7}')
  })
  const client = stub.client()

  await assert.rejects(client.apps(), {
    code: 'PROTOCOL_MISMATCH',
    message: 'Cannot talk to the daemon: it speaks protocol 7, this program 1',
    hint: /Use the newer upkeep/,
  })
  assert.equal((await client.daemon()).pid, 1)
})

test('a stream of another version is left at once', async (t) => {
  let isClosed = false
  const stub = await controlStub(t, (response) => {
    response.setHeader('upkeep-protocol', '7')
    response.writeHead(200).write('\n')
    response.once('close', () => {
      isClosed = true
    })
  })

  await assert.rejects(stub.client().logs({ follow: true }).next(), { code: 'PROTOCOL_MISMATCH' })

  await until(() => isClosed)
})

test('the daemon of another version can be stopped', async (t) => {
  const stub = await controlStub(t, (response, request) => {
    response.setHeader('upkeep-protocol', '7')
    answerLines({ type: 'end', ok: true })(response, request)
  })

  assert.equal(await stub.client().stopDaemon({ keepWorkers: true }), true)
})

test('an answer without a version is not from a daemon', async (t) => {
  const stub = await controlStub(t, (response) => {
    response.removeHeader('upkeep-protocol')
    response.end('{}')
  })

  await assert.rejects(stub.client().apps(), { ...UNREACHABLE, hint: /Something else/ })
  await assert.rejects(stub.client().daemon(), { ...UNREACHABLE, hint: /Something else/ })
})

test('an error of the daemon arrives whole', async (t) => {
  const error = {
    code: 'APP_NOT_FOUND',
    message: 'Cannot find app "wbe"',
    hint: 'Try web',
    details: ['one', 'two'],
  }
  const stub = await controlStub(t, answerJson({ error }, 404))

  await assert.rejects(stub.client().app('wbe'), { name: 'Failure', exitStatus: 68, ...error })
  await assert.rejects(stub.client().operate({ action: 'stop', targets: ['wbe'] }), error)
})

test('an error with a code from the future keeps its message', async (t) => {
  const stub = await controlStub(
    t,
    answerJson({ error: { code: 'MOON_FULL', message: 'Cannot sleep' } }, 500),
  )

  await assert.rejects(stub.client().apps(), { code: 'PROGRAM_FAILED', message: 'Cannot sleep' })
})

for (const [what, body] of [
  ['text', 'hello'],
  ['half of a JSON object', '{"apps":['],
  ['null', 'null'],
  ['nothing', ''],
] as const) {
  test(`${what} instead of a JSON object is not understood`, async (t) => {
    const stub = await controlStub(t, (response) => response.end(body))

    await assert.rejects(stub.client().apps(), { ...UNREACHABLE, message: /^Cannot understand what answers/ })
  })
}

test('an error page of another server is not understood', async (t) => {
  const stub = await controlStub(t, (response) => response.writeHead(502).end('<html>Bad Gateway</html>'))

  await assert.rejects(stub.client().apps(), { ...UNREACHABLE, message: /status 502/ })
})

test('a line that is not JSON ends the stream', async (t) => {
  const stub = await controlStub(t, (response) => response.end('{"type":"step"}\noops\n'))

  await assert.rejects(stub.client().operate({ action: 'stop', targets: ['all'] }), UNREACHABLE)
})

test('what does not speak HTTP is not understood', async (t) => {
  const home = await listening(
    t,
    createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')),
  )

  await assert.rejects(new UpkeepClient({ home }).apps(), {
    ...UNREACHABLE,
    message: /^Cannot understand what answers/,
  })
})

test('a daemon that dies before, in, and between answers', async (t) => {
  const before = await controlStub(t, (response) => response.destroy())
  const within = await controlStub(t, (response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"apps"', () => response.destroy())
  })
  const between = await controlStub(
    t,
    answerLines({ type: 'step', app: 'web', instance: null, text: 'begins' }),
  )

  const ended = { ...UNREACHABLE, message: /it ended in the middle of the answer/ }
  await assert.rejects(before.client().apps(), ended)
  await assert.rejects(within.client().apps(), ended)
  await assert.rejects(between.client().operate({ action: 'stop', targets: ['all'] }), {
    ...UNREACHABLE,
    message: 'Cannot tell how it ended: the daemon left before it was done',
  })
})

test('a daemon that does not answer, or falls silent on the way, is given up after the timeout', async (t) => {
  const silent = await controlStub(t, () => {})
  const halfway = await controlStub(t, (response) => response.writeHead(200).write('{"apps":'))
  const stream = await controlStub(t, (response) => response.writeHead(200).write('{"line":"last"}\n'))

  const saidNothing = { ...UNREACHABLE, message: 'Cannot go on: the daemon said nothing for 0.1 s' }
  await assert.rejects(silent.client({ timeoutMs: 100 }).apps(), {
    ...UNREACHABLE,
    message: 'Cannot reach the daemon: it does not answer within 0.1 s, it is stopped or overloaded',
  })
  await assert.rejects(halfway.client({ timeoutMs: 100 }).apps(), saidNothing)
  const lines: string[] = []
  await assert.rejects(async () => {
    for await (const { line } of stream.client({ timeoutMs: 100 }).logs({ follow: true })) lines.push(line)
  }, saidNothing)
  assert.deepEqual(lines, ['last'])
})

test('empty lines keep a stream alive that has nothing to say', async (t) => {
  const stub = await controlStub(t, (response) => {
    response.writeHead(200)
    let beats = 0
    const heart = setInterval(() => {
      response.write('\n')
      beats += 1
      if (beats < 12) return
      clearInterval(heart)
      response.end('{"line":"at last"}\n')
    }, 50)
  })

  const lines: string[] = []
  for await (const { line } of stub.client({ timeoutMs: 300 }).logs({ follow: true })) lines.push(line)

  assert.deepEqual(lines, ['at last'])
})

test('a reader that takes its time is not a daemon that is silent', async (t) => {
  let response: ServerResponse | undefined
  const stub = await controlStub(t, (answering) => {
    response = answering.writeHead(200)
    response.write('{"line":"1"}\n')
  })
  const silent = await controlStub(t, () => {})

  const lines: string[] = []
  for await (const { line } of stub.client({ timeoutMs: 100 }).logs({ follow: true })) {
    lines.push(line)
    // The timeout is over when somebody who began to wait later has given up.
    await assert.rejects(silent.client({ timeoutMs: 100 }).apps(), UNREACHABLE)
    response?.end(lines.length === 1 ? '{"line":"2"}\n' : '')
  }

  assert.deepEqual(lines, ['1', '2'])
})

test('a process that was blocked itself reads what came meanwhile before it complains', async (t) => {
  let response: ServerResponse | undefined
  const stub = await controlStub(t, (answering) => {
    response = answering.writeHead(200)
    response.write('{"line":"1"}\n')
  })
  const lines = stub.client({ timeoutMs: 200 }).logs({ follow: true })
  await lines.next()

  const next = lines.next()
  response?.write('{"line":"2"}\n')
  await new Promise((resolve) => process.nextTick(resolve))
  const wakeAtMs = performance.now() + 500
  while (performance.now() < wakeAtMs);

  assert.deepEqual(await next, { done: false, value: { line: '2' } })
  await lines.return(undefined)
})
