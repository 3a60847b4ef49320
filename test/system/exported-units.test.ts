// `upkeep export systemd`: an app under a real systemd and no daemon.
import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { DEPLOY, MACHINE_CLI, MACHINE_NODE, type Machine, machineOrSkip } from '../support/machine.ts'
import { testApp } from '../support/package-root.ts'
import { until } from '../support/until.ts'

const ODD = `a $HOME \${HOME} "q" 'q' \`id\` \\n 100% %i\nnext = line #;`
const FOLDER = '/srv/my app'

interface Answer {
  readonly pid: number
  readonly odd: string
  readonly instance: string
  readonly fds?: string
  readonly args: readonly string[]
}

test('exported units run an app without a daemon', async (t) => {
  const machine = await machineOrSkip(t)
  if (machine === undefined) return
  await unitsInstalled(machine)

  await t.test('the units are clean and the sandbox tight', async () => {
    const { stdout, stderr } = await machine.run(
      'systemd-analyze',
      'verify',
      'web@0.service',
      'web.socket',
      'web.target',
    )
    assert.equal(stdout + stderr, '')
    await machine.ok('systemd-analyze', 'security', '--threshold=15', '--no-pager', 'web@0.service')
  })

  await t.test(
    'every instance answers on the socket of systemd, with the environment as it was written',
    async () => {
      await machine.ok('systemctl', 'enable', '--now', 'web.target')
      const instances = new Set<string>()
      await until(
        async () => {
          const answer = await ask(machine)
          assert.deepEqual(
            { odd: answer.odd, args: answer.args, fds: answer.fds },
            { odd: ODD, args: [ODD], fds: undefined },
          )
          return instances.add(answer.instance).size === 2
        },
        { within: '60s', show: () => machine.journal() },
      )
    },
  )

  await t.test('connections wait while all instances are replaced', async () => {
    const before = await ask(machine)
    const restart = machine.ok('systemctl', 'restart', 'web@0.service', 'web@1.service')
    const during = await Promise.all(Array.from({ length: 20 }, () => ask(machine)))
    await restart
    const after = await ask(machine)
    assert.equal(during.length, 20)
    assert.notEqual(after.pid, before.pid)
  })

  await t.test('a connection starts the app', async () => {
    await machine.ok('systemctl', 'stop', 'web@0.service', 'web@1.service')
    assert.equal((await ask(machine)).instance, '0')
  })

  await t.test('an app and a Node.js in a home, behind links, run too', async () => {
    await machine.ok('systemctl', 'stop', 'web.target')
    const app = await inHome(machine)
    const said = await exported(machine, app, DEPLOY)
    assert.deepEqual(said.warnings, [])
    await machine.ok('sh', '-ec', said.install.join('\n'))
    const answer = await until(() => ask(machine), { within: '60s', show: () => machine.journal() })
    assert.deepEqual(answer.args, ['traced'])
  })

  await t.test('a home that is closed to the user of the unit is told', async () => {
    const { warnings } = await exported(machine, '/srv/linked', 'games')
    assert.equal(warnings.length, 1)
    assert.match(
      warnings[0] ?? '',
      /cannot reach \/home\/deploy\/.*: \/home\/deploy is closed to games. Name the owner with --as/,
    )
    const said = await machine.run(...exporting('/srv/linked', 'games'))
    assert.ok(said.stderr.includes(`${warnings[0]}.\n`), said.stderr)
  })

  await t.test('a unit of root has its name and no other right of it, and runs', async () => {
    await machine.ok('systemctl', 'stop', 'web.target', 'web.socket')
    mkdirSync(machine.path('/root/app'))
    copyFileSync(testApp('odd-environment.mjs'), machine.path('/root/app/server.mjs'))
    const config = (args: readonly string[]) => {
      const app = { name: 'web', script: 'server.mjs', env: { PORT: 3000 }, args }
      writeFileSync(machine.path('/root/app/upkeep.config.json'), JSON.stringify({ apps: [app] }))
    }
    config(['/home/deploy/app'])
    const { warnings } = await exported(machine, '/root/app', 'root')
    assert.match(warnings.join('\n'), /cannot reach \/home\/deploy\/app: \/home\/deploy is closed to root/)
    config([])
    await machine.ok('sh', '-ec', (await exported(machine, '/root/app', 'root')).install.join('\n'))
    const { pid } = await until(() => ask(machine), { within: '60s', show: () => machine.journal() })
    const status = await machine.ok('cat', `/proc/${pid}/status`)
    assert.match(status, /^Uid:\t0\t0\t0\t0$/m)
    assert.match(status, /^CapBnd:\t0+$/m)
    await machine.ok('systemd-analyze', 'security', '--threshold=15', '--no-pager', 'web@0.service')
  })

  await t.test('the environment is for root alone', async () => {
    assert.equal((await machine.ok('stat', '--format=%a %U', '/etc/upkeep/web.env')).trim(), '600 root')
    await machine.ok(
      'sh',
      '-c',
      '! grep -r 100% /etc/systemd/system/web.socket /etc/systemd/system/web.target',
    )
  })
})

async function unitsInstalled(machine: Machine): Promise<void> {
  const folder = machine.path(FOLDER)
  mkdirSync(folder)
  copyFileSync(testApp('odd-environment.mjs'), `${folder}/server.mjs`)
  const app = { name: 'web', script: 'server.mjs', instances: 2, args: [ODD], env: { PORT: 3000, ODD } }
  writeFileSync(`${folder}/upkeep.config.json`, JSON.stringify({ apps: [app] }))
  const config = `${FOLDER}/upkeep.config.json`
  const said = await machine.run(
    ...MACHINE_CLI,
    'export',
    'systemd',
    'web',
    '--config',
    config,
    '--as',
    DEPLOY,
    '--output',
    '/root/units',
  )
  assert.equal(said.status, 0, said.stderr)
  // The commands that it tells are to be true.
  const [, ...commands] = said.stderr.trim().split('\n')
  await machine.ok('sh', '-ec', commands.filter((line) => !line.includes('enable')).join('\n'))
}

/** An app of which nothing in its config says that it is in a home. */
async function inHome(machine: Machine): Promise<string> {
  const script = `
    cd /home/deploy && chmod 700 . && mkdir app node && cp ${MACHINE_NODE} node/node
    ln -s /home/deploy/app /srv/linked && ln -s /home/deploy/node/node /usr/local/bin/linked-node
    chown -R ${DEPLOY}: .`
  await machine.ok('sh', '-ec', script)
  const folder = machine.path('/home/deploy/app')
  copyFileSync(testApp('odd-environment.mjs'), `${folder}/server.mjs`)
  writeFileSync(machine.path('/home/deploy/trace.mjs'), "process.argv.push('traced')\n")
  const app = {
    name: 'web',
    script: 'server.mjs',
    interpreter: '/usr/local/bin/linked-node',
    interpreterArgs: ['--import=/home/deploy/trace.mjs'],
    env: { PORT: 3000 },
  }
  writeFileSync(`${folder}/upkeep.config.json`, JSON.stringify({ apps: [app] }))
  return '/srv/linked'
}

function exporting(folder: string, user: string): string[] {
  const config = `${folder}/upkeep.config.json`
  const options = ['--config', config, '--as', user, '--output', '/root/units-in-home']
  return [...MACHINE_CLI, 'export', 'systemd', 'web', ...options]
}

async function exported(machine: Machine, folder: string, user: string) {
  const text = await machine.ok(...exporting(folder, user), '--json')
  return JSON.parse(text) as { warnings: string[]; install: string[] }
}

async function ask(machine: Machine): Promise<Answer> {
  const program = "fetch('http://127.0.0.1:3000').then((r) => r.text()).then((a) => console.log(a))"
  return JSON.parse(await machine.ok(MACHINE_NODE, '-e', program)) as Answer
}
