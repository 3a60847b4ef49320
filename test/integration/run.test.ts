// `upkeep run`: in the foreground, for containers.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { packageRoot, testApp } from '../support/package-root.ts'
import { commandOf, isAlive, processesWith } from '../support/processes.ts'
import { isRoot, programOrSkip } from '../support/programs.ts'
import { get } from '../support/request.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { upkeep } from '../support/upkeep.ts'

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`run: logs on stdout, ${signal} stops the workers in order, exit status 0`, async (t) => {
    const up = upkeep(t)
    const port = await freePort()
    const { child, output, ended } = up.spawn(
      { env: { PORT: String(port) } },
      'run',
      testApp('http.mjs'),
      '-i',
      '2',
    )
    await until(() => output.stdout.match(/listening on/g)?.length === 2, { show: () => output })
    const { pid } = (await get(port)).json<{ pid: number }>()
    const slow = get(port, '/slow?ms=500')
    await until(async () => (await get(port)).status === 200)

    child.kill(signal)

    assert.equal((await slow).status, 200)
    assert.equal((await ended).status, 0, output.stderr)
    assert.ok(!isAlive(pid))
  })
}

for (const [signal, status] of [
  ['SIGINT', 3],
  ['SIGTERM', 4],
] as const) {
  test(`run: the app gets the ${signal} that run got, and its status is that of run`, async (t) => {
    const up = upkeep(t)
    const { child, output, ended } = up.spawn({}, 'run', testApp('sh-signals.sh'))
    await until(() => output.stdout.includes('waits'))

    child.kill(signal)

    assert.equal((await ended).status, status)
    assert.match(output.stdout, new RegExp(`ended by ${signal.slice(3)}`))
  })
}

test('run: stderr of the app is stderr', async (t) => {
  const up = upkeep(t)
  const port = await freePort()
  const { child, output, ended } = up.spawn({ env: { PORT: String(port) } }, 'run', testApp('http.mjs'))
  await until(() => output.stdout.includes('listening'))

  await get(port, '/warn?text=beware')

  await until(() => output.stderr.includes('beware'))
  assert.doesNotMatch(output.stdout, /beware/)
  child.kill('SIGTERM')
  await ended
})

for (const code of [0, 3]) {
  test(`run: the exit status of the app is its own: ${code}`, async (t) => {
    const up = upkeep(t)
    const port = String(await freePort())
    const entry = { name: 'web', script: testApp('http.mjs'), restart: 'never', env: { PORT: port } }
    const { output, ended } = up.spawn({}, 'run', up.config([entry]))
    await until(() => output.stdout.includes('listening'), { show: () => output })

    await get(Number(port), `/exit?code=${code}`).catch(() => undefined)

    assert.equal((await ended).status, code)
  })
}

test('run: of several apps, each line tells app and instance as `upkeep logs` does', async (t) => {
  const up = upkeep(t)
  const script = up.write('job.mjs', 'console.log(process.argv[2])')
  const job = (name: string, instances: number) => ({ name, script, args: name, instances, restart: 'never' })
  const { output, ended } = up.spawn({}, 'run', up.config([job('one', 2), job('two', 1)]))

  assert.equal((await ended).status, 0)
  const lines = output.stdout.trim().split('\n').sort()
  assert.deepEqual(lines, ['one 0 | one', 'one 1 | one', 'two 0 | two'])
})

test('run: a crash is restarted', async (t) => {
  const up = upkeep(t)
  const port = await freePort()
  const { child, output, ended } = up.spawn({ env: { PORT: String(port) } }, 'run', testApp('http.mjs'))
  await until(() => output.stdout.includes('listening'))

  await get(port, '/crash').catch(() => undefined)

  await until(() => output.stdout.match(/listening on/g)?.length === 2)
  assert.equal((await get(port)).status, 200)
  child.kill('SIGTERM')
  await ended
})

test('run: when nobody reads what the app writes any more, it is stopped', async (t) => {
  const up = upkeep(t)
  const { child, output, ended } = up.spawn({}, 'run', testApp('log-lines.mjs'), '--', '100000', '50')
  await until(() => output.stdout.includes('line 10'))
  const worker = processesWith(up.folder).find((pid) => commandOf(pid).includes('log-lines.mjs 100000'))

  child.stdout.destroy()

  await ended
  assert.ok(worker !== undefined && !isAlive(worker))
})

test('run: a home that has apps is left alone', async (t) => {
  const up = upkeep(t)
  await running(up, 'http.mjs', { instances: 1 })
  const [pid = 0] = await up.pids('web')
  await up.ok('daemon', 'stop', '--keep-workers')

  const { stderr } = await up.fails(77, 'run', '--home', up.home, testApp('exits-at-once.mjs'))

  assert.match(stderr, /it is the home of web/)
  assert.ok(isAlive(pid))
  await up.ok('daemon', 'start')
  assert.deepEqual(await up.pids('web'), [pid])
})

test('run as PID 1: orphans are reaped', async (t) => {
  const unshare = programOrSkip(t, 'unshare')
  if (unshare === undefined) return
  if (!isRoot()) return t.skip('only root may make a PID namespace')
  const up = upkeep(t)
  const port = await freePort()
  const script = up.write(
    'orphans.mjs',
    `import { spawn } from 'node:child_process'
     import { existsSync } from 'node:fs'
     import http from 'node:http'
     const orphans = []
     for (let count = 0; count < 5; count++)
       spawn('sh', ['-c', 'sleep 0.2 >&- & echo $!'], { detached: true }).stdout.on('data', (pid) => orphans.push(String(pid).trim()))
     const left = () => orphans.filter((pid) => existsSync('/proc/' + pid))
     http.createServer((_, response) => response.end(JSON.stringify({ known: orphans.length, left: left() }))).listen(${port})`,
  )
  const args = [
    '--pid',
    '--fork',
    '--mount-proc',
    '--kill-child',
    join(packageRoot, 'bin', 'upkeep'),
    'run',
    script,
  ]
  const child = spawn(unshare, args, { cwd: up.folder, env: up.env, stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  await until(async () => (await get(port)).status === 200, { show: () => output })

  // A process that ended and was not collected stays in /proc.
  const isCollected = ({ known, left }: { known: number; left: string[] }) => known === 5 && left.length === 0
  await until(async () => isCollected((await get(port)).json()), {
    within: '5s',
    show: async () => (await get(port)).body,
  })
  child.kill('SIGKILL')
})
