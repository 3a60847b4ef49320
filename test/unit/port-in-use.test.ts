import assert from 'node:assert/strict'
import { test } from 'node:test'
import { portInUse } from '../../src/supervisor/worker/exit/port-holder.ts'

test('the port that was taken is read from what programs write about it', () => {
  for (const [line, port] of [
    ['Error: listen EADDRINUSE: address already in use :::3000', 3000],
    ['Error: listen EADDRINUSE: address already in use 127.0.0.1:80', 80],
    ['2026/01/31 12:30:45 listen tcp :8080: bind: address already in use', 8080],
    ["[Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use", 8000],
    ['OSError: [Errno 98] Address already in use', undefined],
    ['Error: listen EADDRINUSE: address already in use /run/app.sock', undefined],
    ['Error: connect ECONNREFUSED 127.0.0.1:3000', undefined],
  ] as const) {
    assert.equal(
      portInUse(['ready', line, '    at Server.listen (node:net:1:2)', "  code: 'EADDRINUSE',"]),
      port,
      line,
    )
  }
})
