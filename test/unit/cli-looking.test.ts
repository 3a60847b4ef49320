// Commands that look, against a real server that speaks the protocol.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { LogEntry } from '../../src/protocol/control.ts'
import { appSpec, appStatus, exitReport, instanceStatus, NOW_MS } from '../support/app-status.ts'
import { upkeepHere } from '../support/command-line.ts'
import { answerJson, answerLines, controlStub, temporaryFolder } from '../support/control-stub.ts'
import { ManualClock } from '../support/manual-clock.ts'

const clock = new ManualClock(NOW_MS)

test('list without a daemon is empty, and starts none', async (t) => {
  const home = join(temporaryFolder(t), 'home')

  assert.deepEqual(await upkeepHere({ home }, 'list'), {
    status: 0,
    stdout: '',
    stderr: 'No daemon runs, and no apps. Start one with "upkeep start <script|config>".\n',
  })
  assert.equal((await upkeepHere({ home }, 'list', '--json')).stdout, '{"apps":[],"daemon":false}\n')
  assert.ok(!existsSync(home))
})

test('list prints a table for people and JSON for programs', async (t) => {
  const apps = [appStatus()]
  const { home } = await controlStub(t, answerJson({ apps }))

  const table = await upkeepHere({ home, clock }, 'ls')
  const json = await upkeepHere({ home }, 'list', '--json')

  assert.match(table.stdout, /^app +inst .*\nweb +0 +ready/)
  assert.deepEqual(JSON.parse(json.stdout), { apps, daemon: true })
})

for (const command of [['show', 'web'], ['logs'], ['events'], ['daemon', 'status']] as const) {
  test(`${command.join(' ')} without a daemon says so, and starts none`, async (t) => {
    const home = join(temporaryFolder(t), 'home')

    const { status, stdout, stderr } = await upkeepHere({ home }, ...command)

    assert.equal(status, 69)
    assert.equal(stdout, '')
    assert.match(stderr, /no daemon listens there\n {2}Start one with "upkeep daemon start"\n$/)
    assert.ok(!existsSync(home))
  })
}

test('a failure is JSON too when JSON is asked for', async (t) => {
  const error = { code: 'APP_NOT_FOUND', message: 'Cannot find app "wbe"', hint: 'Did you mean "web"?' }
  const { home } = await controlStub(t, answerJson({ error }, 404))

  const { status, stdout, stderr } = await upkeepHere({ home }, 'show', 'wbe', '--json')

  assert.equal(status, 68)
  assert.deepEqual(JSON.parse(stdout), { error })
  assert.equal(stderr, 'upkeep: Cannot find app "wbe"\n  Did you mean "web"?\n')
})

test('show tells how an app is run, how it is, and how its workers ended', async (t) => {
  const lastExit = exitReport({ lastLines: ['Error: no \x1b[2Jdatabase'] })
  const app = appStatus({
    instances: [instanceStatus({ state: 'waiting', retryAtMs: NOW_MS + 4000, lastExit })],
    notes: ['its sockets are not held'],
    spec: appSpec({ args: ['--fast'], env: { ZONE: 'eu', API_KEY: '[secret]' } }),
  })
  const stub = await controlStub(t, answerJson(app))

  const { stdout } = await upkeepHere({ home: stub.home, clock }, 'show', 'web', '--env')

  assert.equal(stub.requests[0]?.url, '/v1/apps/web?env=show')
  for (const expected of [
    /^web: running\nits sockets are not held\n/,
    /^command +\/usr\/bin\/node \/srv\/web\/server\.js --fast$/m,
    /^ {2}Exit code 1, next try in 4 s$/m,
    /^instance 0: the last worker \(pid 4710\) ended 2 s ago\. Exit code 1\n {2}Error: no database$/m,
    /^environment\n {2}API_KEY=\[secret\]\n {2}ZONE=eu$/m,
  ])
    assert.match(stdout, expected)
})

for (const [line, url] of [
  ['logs', '/v1/logs?follow=false'],
  ['logs web api -n 5 -f', '/v1/logs?targets=web&targets=api&lines=5&follow=true'],
  ['logs web --stderr --instance 2', '/v1/logs?targets=web&instance=2&stream=stderr&follow=false'],
  ['logs --stdout --stderr', '/v1/logs?follow=false'],
  ['logs --since 10m', `/v1/logs?lines=1000000&sinceMs=${NOW_MS - 600_000}&follow=false`],
  ['logs --since 2026-01-31T10:00:00Z -n 3', `/v1/logs?lines=3&sinceMs=${NOW_MS - 7_200_000}&follow=false`],
] as const) {
  test(`upkeep ${line} asks for the right lines`, async (t) => {
    const stub = await controlStub(t, answerLines())

    const { status } = await upkeepHere({ home: stub.home, clock }, ...line.split(' '))

    // What is followed has no end of its own.
    assert.equal(status, line.endsWith(' -f') ? 69 : 0)
    assert.equal(stub.requests[0]?.url, url)
  })
}

test('lines of logs are cleaned for a terminal, and left alone for everything else', async (t) => {
  const entry: LogEntry = {
    time: '2026-01-31T12:00:00.000Z',
    app: 'web',
    instance: 1,
    stream: 'stderr',
    line: '\x1b[33mwarn\x1b[0m\x1b]0;evil\x07 \x1b[2Jx',
  }
  const { home } = await controlStub(t, answerLines(entry))
  const env = { NO_COLOR: '1' }

  assert.equal(
    (await upkeepHere({ home, columns: 80, env }, 'logs')).stdout,
    'web 1 | \x1b[33mwarn\x1b[0m x\x1b[0m\n',
  )
  assert.equal((await upkeepHere({ home, env }, 'logs')).stdout, `web 1 | ${entry.line}\n`)
  assert.equal((await upkeepHere({ home, env }, 'logs', '--raw')).stdout, `${entry.line}\n`)
  assert.equal(
    (await upkeepHere({ home, env }, 'logs', '-t')).stdout,
    `${entry.time} web 1 | ${entry.line}\n`,
  )
  assert.deepEqual(JSON.parse((await upkeepHere({ home, columns: 80 }, 'logs', '--json')).stdout), entry)
})

test('events are those of late, or all that come', async (t) => {
  const event = {
    time: '2026-01-31T12:00:00.000Z',
    event: 'worker.ready',
    app: 'web',
    instance: 0,
    text: 'pid \x1b[2J4711',
  }
  const stub = await controlStub(t, (response, request) => {
    const answer = request.url.includes('follow=false')
      ? answerJson({ events: [event] })
      : answerLines(event, event)
    answer(response, request)
  })

  const late = await upkeepHere({ home: stub.home }, 'events')
  const followed = await upkeepHere({ home: stub.home }, 'events', '-f', '--json')

  assert.equal(late.stdout, '2026-01-31T12:00:00.000Z worker.ready         web 0  pid 4711\n')
  assert.deepEqual(
    followed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter((value) => !('error' in value)),
    [event, event],
  )
})

test('daemon status tells what the daemon is', async (t) => {
  const status = {
    pid: 4711,
    version: '0.1.0',
    protocol: 1,
    node: 'v20.20.2',
    home: '/home/me/.upkeep',
    startedAtMs: NOW_MS - 3_600_000,
    memoryBytes: 50 * 1024 * 1024,
    apps: 1,
    workers: 2,
    keeperPid: 4712,
  }
  const { home } = await controlStub(t, answerJson(status))

  const shown = await upkeepHere({ home, clock }, 'daemon', 'status')

  assert.equal(
    shown.stdout,
    'The daemon runs with pid 4711 since 1 h 0 m\n  Upkeep 0.1.0 on Node v20.20.2, home /home/me/.upkeep\n  1 app, 2 workers, 50 MB of memory\n' +
      '  A keeper (pid 4712) starts it again if it dies\n',
  )
  assert.deepEqual(JSON.parse((await upkeepHere({ home }, 'daemon', 'status', '--json')).stdout), status)
})
