import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listenTarget } from '../../src/agent/listen-target.ts'

const callback = () => {}
const tcp = {
  kind: 'tcp',
  host: null,
  port: 3000,
  ipv6Only: false,
  backlog: 511,
  signal: undefined,
  callback: undefined,
}
const unix = { kind: 'unix', path: '/tmp/a.sock', backlog: 511, signal: undefined, callback: undefined }

const rows: [string, unknown[], unknown][] = [
  ['a port', [3000], tcp],
  ['a port as text', ['3000'], tcp],
  ['a port and a callback', [3000, callback], { ...tcp, callback }],
  ['a port and a host', [3000, '127.0.0.1'], { ...tcp, host: '127.0.0.1' }],
  [
    'port, host, backlog, callback',
    [3000, '::1', 5, callback],
    { ...tcp, host: '::1', backlog: 5, callback },
  ],
  ['port and backlog', [3000, 5], { ...tcp, backlog: 5 }],
  ['nothing', [], { ...tcp, port: 0 }],
  ['only a callback', [callback], { ...tcp, port: 0, callback }],
  ['options', [{ port: 3000, host: 'localhost' }], { ...tcp, host: 'localhost' }],
  ['options with ipv6Only', [{ port: 3000, ipv6Only: true }], { ...tcp, ipv6Only: true }],
  ['options with an undefined port', [{ port: undefined }], { ...tcp, port: 0 }],
  ['a path', ['/tmp/a.sock'], unix],
  ['a path in options', [{ path: '/tmp/a.sock', backlog: 7 }], { ...unix, backlog: 7 }],
  ['a descriptor is left to Node', [{ fd: 3 }], undefined],
  ['exclusive is left to Node', [{ port: 3000, exclusive: true }], undefined],
  ['a handle is left to Node', [{ _handle: {} }], undefined],
  ['a port out of range is left to Node', [65_536], undefined],
  ['a negative port is left to Node', [-1], undefined],
  ['a port that is no number is left to Node', [{ port: {} }], undefined],
  ['an empty path is left to Node', [{ path: '' }], undefined],
  ['an abstract socket is left to Node', ['\0name'], undefined],
  [
    'a path that all may read gets its mode from Node',
    [{ path: '/tmp/a.sock', readableAll: true }],
    undefined,
  ],
  ['options without an address are left to Node', [{}], undefined],
]

for (const [name, args, expected] of rows) {
  test(`listen() with ${name}`, () => {
    assert.deepEqual(listenTarget(args), expected)
  })
}
