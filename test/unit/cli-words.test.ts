// How the words of a command line are understood, and what is said when they are not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMANDS } from '../../src/cli/command-list.ts'
import { OTHER_WORDS } from '../../src/cli/other-words.ts'
import { parseOptions } from '../../src/cli/parse-options.ts'
import { splitArguments } from '../../src/cli/split-arguments.ts'
import { Output } from '../../src/cli/terminal/output.ts'
import { Paper, upkeepHere } from '../support/command-line.ts'

async function parsed(...words: readonly string[]) {
  const { name, options, rest } = splitArguments(words)
  const entry = COMMANDS.find((each) => each.name === name)
  assert.ok(entry)
  return parseOptions(entry, await entry.load(), { options, rest }, new Output(new Paper(), new Paper(), {}))
}

for (const [line, args, options, rest = []] of [
  ['start', [], {}],
  ['start server.js -i max --name web', ['server.js'], { instances: 'max', name: 'web' }],
  ['start server.js -i -1', ['server.js'], { instances: '-1' }],
  ['start server.js --instances=0', ['server.js'], { instances: '0' }],
  ['start server.js -- --port 3000 -- x', ['server.js'], {}, ['--port', '3000', '--', 'x']],
  ['start --env production --prune --keep-going', [], { env: 'production', prune: true, keepGoing: true }],
  [
    'start a.py --interpreter python3 --interpreter-args -u',
    ['a.py'],
    { interpreter: 'python3', interpreterArgs: '-u' },
  ],
  [
    'start a.js --cwd /srv --ready message --dry-run --json',
    ['a.js'],
    { cwd: '/srv', ready: 'message', dryRun: true, json: true },
  ],
  ['stop web api', ['web', 'api'], {}],
  ['restart all --json', ['all'], { json: true }],
  ['reload /^api-/', ['/^api-/'], {}],
  ['delete web', ['web'], {}],
  ['scale web 4', ['web', '4'], {}],
  ['scale web -1', ['web', '-1'], {}],
  ['scale web +2 --json', ['web', '+2'], { json: true }],
  ['scale web max', ['web', 'max'], {}],
  ['run server.js -i 2 -- -v', ['server.js'], { instances: '2' }, ['-v']],
  ['list --json', [], { json: true }],
  ['--home /tmp/h list', [], { home: '/tmp/h' }],
  ['--json list', [], { json: true }],
  ['list --home=/tmp/h', [], { home: '/tmp/h' }],
  ['show web --env', ['web'], { env: true }],
  ['logs web -f -n 100 --stderr', ['web'], { follow: true, lines: '100', stderr: true }],
  [
    'logs --since 10m --instance 1 --stdout --raw --time',
    [],
    { since: '10m', instance: '1', stdout: true, raw: true, time: true },
  ],
  ['flush web', ['web'], {}],
  ['events -f --json', [], { follow: true, json: true }],
  ['config --show-secrets --env staging', [], { showSecrets: true, env: 'staging' }],
  ['diff a.config.ts --prune', ['a.config.ts'], { prune: true }],
  ['daemon stop --keep-workers', ['stop'], { keepWorkers: true }],
  ['version --json', [], { json: true }],
  ['help start', ['start'], {}],
] as const) {
  test(`understood: upkeep ${line}`, async () => {
    assert.deepEqual(await parsed(...line.split(' ')), { args, options, rest })
  })
}

for (const [line, message, hint] of [
  ['strat web', 'Cannot run "strat": there is no such command', 'Did you mean "start"?'],
  ['qqqqqqqq', 'Cannot run "qqqqqqqq": there is no such command', 'See "upkeep help"'],
  ['constructor', 'Cannot run "constructor": there is no such command', 'See "upkeep help"'],
  [
    'kill',
    'Cannot run "kill": there is no such command',
    'To end all apps and the daemon: upkeep daemon stop. With --keep-workers apps go on',
  ],
  [
    'save --force',
    'Cannot run "save": there is no such command',
    'Nothing has to be saved: the daemon remembers every change; "upkeep startup" starts it at boot',
  ],
  [
    'resurrect',
    'Cannot run "resurrect": there is no such command',
    'To bring all apps back: upkeep daemon start',
  ],
  [
    'monit',
    'Cannot run "monit": there is no such command',
    'Look with "upkeep list", "upkeep show <app>" and "upkeep logs -f"',
  ],
  ['jlist', 'Cannot run "jlist": there is no such command', 'Use "upkeep list --json"'],
  [
    'daemon restart',
    'Cannot run "upkeep daemon restart": there is no such command',
    'To replace the daemon while apps go on: upkeep upgrade. To restart apps: upkeep restart all',
  ],
  ['daemon strat', 'Cannot run "upkeep daemon strat": there is no such command', 'Did you mean "start"?'],
  [
    'start --only web',
    'Cannot run "upkeep start": there is no option --only',
    'Not needed: apps that have not changed are left alone; "upkeep reload <app>" and "restart <app>" take one',
  ],
  ['logs --err', 'Cannot run "upkeep logs": there is no option --err', 'Use --stderr'],
  [
    'upgrade --timeout 5',
    'Cannot read --timeout "5": it must be 1ms to 10m',
    'It needs a unit: --timeout 5s',
  ],
  ['upgrade --timeout soon', 'Cannot read --timeout "soon": it must be 1ms to 10m', 'Examples: 5s, 1m'],
  ['help nothing', 'Cannot run "nothing": there is no such command', 'See "upkeep help"'],
  ['--jsno', 'Cannot run: --jsno stands alone, without a command', 'See "upkeep help"'],
  ['list --jsno', 'Cannot run "upkeep list": there is no option --jsno', 'Did you mean --json?'],
  ['list -x', 'Cannot run "upkeep list": there is no option -x', 'See "upkeep list --help"'],
  [
    'start server.js --port 3000',
    'Cannot run "upkeep start": there is no option --port',
    'See "upkeep start --help"; options for the app itself stand after "--"',
  ],
  [
    'list web',
    'Cannot run "upkeep list": it does not know what to do with "web"',
    'See "upkeep list --help"',
  ],
  [
    'stop web -- x',
    'Cannot run "upkeep stop": it does not know what to do with "x" after "--"',
    'See "upkeep stop --help"',
  ],
  ['reload', 'Cannot run "upkeep reload": it needs <app...>', 'See "upkeep reload --help"'],
  ['scale web', 'Cannot run "upkeep scale": it needs <app> <n|+n|-n|max>', 'See "upkeep scale --help"'],
  [
    'logs -n',
    'Cannot run "upkeep logs": option \'-n, --lines <count>\' argument missing',
    'See "upkeep logs --help"',
  ],
  ['logs -n many', 'Cannot read --lines "many": it must be a number from 0 to 1000000'],
  ['logs -n -5', 'Cannot read --lines "-5": it must be a number from 0 to 1000000'],
  [
    'logs --since soon',
    'Cannot read --since "soon": it is neither a duration nor a time',
    'Examples: 30s, 10m, 2h, 1d, 2026-01-31T12:00:00Z',
  ],
  [
    'logs --since 10',
    'Cannot read --since "10": it is neither a duration nor a time',
    'Examples: 30s, 10m, 2h, 1d, 2026-01-31T12:00:00Z',
  ],
  [
    'daemon',
    'Cannot run "upkeep daemon": it needs <start|stop|status|run|wait>',
    'See "upkeep daemon --help"',
  ],
  [
    'export state apps.json --output backup',
    'Cannot use --output with "upkeep export state": it is for systemd',
    'All apps go into one file: upkeep export state <file>',
  ],
  [
    'startup --writable --init systemd --dry-run',
    'Cannot use --writable "--init": it is not an absolute path',
  ],
  ['daemon strat', 'Cannot run "upkeep daemon strat": there is no such command', 'Did you mean "start"?'],
] as const) {
  test(`refused: upkeep ${line}`, async () => {
    const { status, stdout, stderr } = await upkeepHere({}, ...line.split(' '))

    assert.equal(stderr, `upkeep: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`)
    assert.equal(status, 64)
    assert.equal(stdout, '')
  })
}

test('every name and alias of a command is its own', () => {
  const names = COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases])

  assert.deepEqual([...new Set(names)], names)
})

for (const { name } of COMMANDS) {
  test(`upkeep ${name} --help tells how it is used`, async () => {
    const { status, stdout, stderr } = await upkeepHere({ columns: 80 }, name, '--help')

    assert.equal(status, 0)
    assert.equal(stderr, '')
    assert.match(stdout, new RegExp(`^Usage: upkeep ${name} `))
    assert.match(stdout, /--home <folder>/)
  })
}

test('help without a command lists all of them', async () => {
  for (const words of [[], ['help'], ['--help'], ['-h']]) {
    const { status, stdout } = await upkeepHere({}, ...words)
    assert.equal(status, 0)
    assert.deepEqual(
      COMMANDS.map(({ name }) => name).filter((name) => !new RegExp(`^ {2}${name}\\b`, 'm').test(stdout)),
      [],
    )
  }
})

test('the version stands alone', async () => {
  for (const words of [['version'], ['--version'], ['-V'], ['-v']])
    assert.match((await upkeepHere({}, ...words)).stdout, /^\d+\.\d+\.\d+\n$/)
})

test('no word of others is one of ours, and what is named in its place is', () => {
  const ours = COMMANDS.flatMap(({ name, aliases }) => [name, ...aliases])
  const hints = Object.values(OTHER_WORDS).flatMap((words) => Object.values(words))
  const named = hints.flatMap((hint) => [...hint.matchAll(/\bupkeep ([a-z]+)/g)].map(([, name = '']) => name))

  assert.deepEqual(
    Object.keys(OTHER_WORDS.command).filter((word) => ours.includes(word)),
    [],
  )
  assert.deepEqual(
    named.filter((name) => !ours.includes(name)),
    [],
  )
})
