// The table of `upkeep list`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { renderList } from '../../src/cli/render-list.ts'
import { palette } from '../../src/cli/terminal/palette.ts'
import { textWidth } from '../../src/cli/terminal/text-width.ts'
import type { AppStatus } from '../../src/protocol/status.ts'
import { appStatus, exitReport, instanceStatus, NOW_MS } from '../support/app-status.ts'

const PLAIN = palette(false)

function table(apps: readonly AppStatus[], width = Number.POSITIVE_INFINITY): string {
  return renderList(apps, width, PLAIN, NOW_MS).join('\n')
}

const WEB = appStatus({
  instances: [instanceStatus(), instanceStatus({ instance: 1, pid: 4712, restarts: 12, cpuPercent: null })],
})

test('an app has a row for each instance, and its name on the first', () => {
  assert.equal(
    table([WEB, appStatus({ name: 'jobs', listening: [] })]),
    [
      'app   inst  state   pid   uptime  restarts  cpu  memory  listening',
      'web      0  ready  4711  1 m 5 s         0  3 %   45 MB  127.0.0.1:3000',
      '         1  ready  4712  1 m 5 s        12    -   45 MB',
      'jobs     0  ready  4711  1 m 5 s         0  3 %   45 MB',
    ].join('\n'),
  )
})

test('columns that do not fit are left out, the least important first', () => {
  const titles = [70, 60, 45, 40, 30, 20, 1].map((width) => renderList([WEB], width, PLAIN, NOW_MS)[0])

  assert.deepEqual(titles, [
    'app  inst  state   pid   uptime  restarts  cpu  memory  listening',
    'app  inst  state   pid   uptime  restarts  cpu  memory',
    'app  inst  state   pid   uptime  restarts',
    'app  inst  state   pid   uptime',
    'app  inst  state   pid',
    'app  inst  state',
    'app  inst  state',
  ])
})

test('every line fits, whatever the names', () => {
  const apps = [
    'x'.repeat(200),
    '日本語のアプリ'.repeat(9),
    'e\u0301'.repeat(60),
    '🚀👩‍👩‍👧‍👧❤️'.repeat(12),
  ].map((name) =>
    appStatus({
      name,
      instances: [
        instanceStatus({
          state: 'failed',
          pid: null,
          lastExit: exitReport({ reason: 'because '.repeat(30) }),
        }),
      ],
    }),
  )

  for (const width of [40, 80, 120]) {
    const lines = renderList(apps, width, palette(true), NOW_MS).map(stripVTControlCharacters)
    assert.deepEqual(
      lines.filter((line) => textWidth(line) > width),
      [],
    )
    assert.ok(lines.some((line) => line.includes('…')))
  }
})

test('below an instance that waits or failed stands why', () => {
  const instances = [
    instanceStatus({ state: 'waiting', pid: null, retryAtMs: NOW_MS + 3000, lastExit: exitReport() }),
    instanceStatus({ instance: 1, state: 'failed', pid: null, lastExit: null }),
    instanceStatus({ instance: 2, lastExit: exitReport({ reason: 'long ago' }) }),
  ]

  const lines = table([appStatus({ instances })]).split('\n')

  assert.deepEqual(
    lines.filter((line) => line.startsWith('  ') && !/^ +\d/.test(line)),
    ['  Exit code 1, next try in 3 s', '  it could not be started'],
  )
})

test('an app without instances has a row', () => {
  assert.match(table([appStatus({ state: 'stopped', instances: [] })]), /^web +- +stopped +-/m)
})

test('text from apps cannot steer the terminal', () => {
  const app = appStatus({
    name: 'a\x1b]0;title\x07b\x1b[2J\u202ec',
    listening: ['\x1b[31m/tmp/x.sock\n'],
    instances: [instanceStatus({ state: 'failed', lastExit: exitReport({ reason: 'oh\x1b[H\r\b\x9bno' }) })],
  })

  const text = table([app])

  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
  assert.match(text, /^abc /m)
  assert.match(text, /ohno/)
})
