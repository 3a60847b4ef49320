// The tsx command starts a second process. Apps that are written with it are reloaded like others all the same.
import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { packageRoot } from '../support/package-root.ts'
import { request } from '../support/request.ts'
import { upkeep } from '../support/upkeep.ts'

const SERVER = `import { createServer } from 'node:http'
enum Color { Red = 'red' }
createServer((_, response) => response.end(Color.Red)).listen(process.env.PORT)
`

for (const [what, words] of [
  ['an interpreter', ['server.ts', '--interpreter', 'tsx']],
  ['a program', ['tsx', '--', 'server.ts']],
  ['an npm script', ['npm:start']],
] as const) {
  test(`an app with tsx as ${what} is one process, and survives a reload`, async (t) => {
    const port = await freePort()
    const up = upkeep(t, { PORT: String(port) })
    symlinkSync(join(packageRoot, 'node_modules'), join(up.folder, 'node_modules'))
    up.write('server.ts', SERVER)
    up.write('package.json', JSON.stringify({ name: 'shop', scripts: { start: 'tsx server.ts' } }))

    await up.ok('start', '--name', 'shop', ...words)
    const [app] = await up.list()
    await up.ok('reload', 'all')

    assert.match(app?.listening.join(' ') ?? '', new RegExp(`:${port}$`))
    assert.equal((await request({ port, path: '/' })).body, 'red')
  })
}
