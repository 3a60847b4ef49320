// Who has the port is told by the failure, so that nobody needs ss(8) to find out.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { testApp } from '../support/package-root.ts'
import { upkeep } from '../support/upkeep.ts'

test('a port that another app listens on is told with the name of that app', async (t) => {
  const port = await freePort()
  const up = upkeep(t, { PORT: String(port) })
  await up.ok('start', testApp('http.mjs'), '--name', 'shop.web', '-i', '2')

  const { stderr } = await up.fails(70, 'start', testApp('http.cjs'), '--name', 'late')

  assert.match(stderr, new RegExp(`EADDRINUSE.*; port ${port} is taken by app "shop\\.web"\n`))
})

test('a port of an app without an agent is told with the name of that app', async (t) => {
  const port = await freePort()
  const up = upkeep(t, { PORT: String(port) })
  await up.ok('start', testApp('python-app.py'), '--name', 'py')

  const { stderr } = await up.fails(70, 'start', testApp('http.mjs'), '--name', 'late')

  assert.match(stderr, new RegExp(`; port ${port} is taken by app "py"\n`))
})

test('a port of another daemon is told as one', async (t) => {
  const port = await freePort()
  const [one, other] = [upkeep(t, { PORT: String(port) }), upkeep(t, { PORT: String(port) })]
  await one.ok('start', testApp('http.mjs'), '--name', 'web')
  const [pid] = await one.pids('web')

  const { stderr } = await other.fails(70, 'start', testApp('http.mjs'), '--name', 'web')

  assert.match(
    stderr,
    new RegExp(`; port ${port} is taken by app "web" of another daemon \\(pid ${pid}\\)\n`),
  )
})

test('a port of a program that Upkeep does not run is told with its name and pid', async (t) => {
  const port = await freePort()
  const up = upkeep(t, { PORT: String(port) })
  const server = net.createServer().listen(port)
  await once(server, 'listening')
  t.after(() => server.close())
  const name = readFileSync('/proc/self/comm', 'utf8').trim()

  const { stderr } = await up.fails(70, 'start', testApp('http.mjs'))

  assert.ok(stderr.includes(`; port ${port} is taken by "${name}" (pid ${process.pid})\n`), stderr)
})

test('an app that lets the failure pass and ends with success is told about the port, too', async (t) => {
  const port = await freePort()
  const up = upkeep(t, { PORT: String(port) })
  await up.ok('start', testApp('http.mjs'), '--name', 'web')
  // Express 5 calls the callback of listen() with the error.
  const script = up.write(
    'silent.mjs',
    `import http from 'node:http'\nhttp.createServer().listen(${port}).on('error', () => console.log('listening'))`,
  )

  const { stderr } = await up.fails(70, 'start', script)

  assert.match(stderr, new RegExp(`Exit code 0 .*; port ${port} is taken by app "web"\n`))
  assert.match(stderr, /Read its output with "upkeep logs silent"/)
  assert.doesNotMatch(stderr, /upkeep run/)
})

test('an app that binds by itself is told that its own worker has the port in a reload', async (t) => {
  const port = await freePort()
  const up = upkeep(t)
  const script = up.write(
    'own.mjs',
    `import net from 'node:net'\nnet.createServer().listen({ port: ${port}, exclusive: true })`,
  )
  await up.ok('start', script)

  const { stderr } = await up.fails(70, 'reload', 'own')

  assert.match(stderr, new RegExp(`; port ${port} is taken by instance 0 of the same app\n`))
})
