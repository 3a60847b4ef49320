// Words of pm2 and systemctl that are none of ours, and what to write instead.

const REMEMBERED =
  'Nothing has to be saved: the daemon remembers every change; "upkeep startup" starts it at boot'
const LOOK = 'Look with "upkeep list", "upkeep show <app>" and "upkeep logs -f"'
const JSON_LIST = 'Use "upkeep list --json"'
const START_RELOADS = 'Use "upkeep start": what changed is reloaded, the rest is left alone'
const REPLACE = 'To replace the daemon while apps go on: upkeep upgrade. To restart apps: upkeep restart all'

const COMMANDS: Readonly<Record<string, string>> = {
  desc: 'Use "upkeep show <app>"',
  disable: 'Use "upkeep unstartup"',
  dash: LOOK,
  dashboard: LOOK,
  dump: REMEMBERED,
  ecosystem: 'Write upkeep.config.ts; docs/guide/from-pm2.md has the keys',
  enable: 'Use "upkeep startup"',
  env: 'Use "upkeep show <app> --env"',
  gracefulReload: 'Use "upkeep reload <app>"',
  id: JSON_LIST,
  imonit: LOOK,
  install: 'There are no modules; the rotation of logs is built in: logs.maxSize, logs.rotate, logs.keep',
  jlist: JSON_LIST,
  kill: 'To end all apps and the daemon: upkeep daemon stop. With --keep-workers apps go on',
  monit: LOOK,
  pid: JSON_LIST,
  prettylist: JSON_LIST,
  reloadLogs: 'Not needed: Upkeep rotates the logs itself',
  reset: 'Counts of restarts begin anew when an app is deleted and started again',
  resurrect: 'To bring all apps back: upkeep daemon start',
  save: REMEMBERED,
  softReload: 'Use "upkeep reload <app>"',
  startOrReload: START_RELOADS,
  startOrRestart: START_RELOADS,
  update: REPLACE,
  updatePM2: REPLACE,
}

const DAEMON_COMMANDS: Readonly<Record<string, string>> = {
  kill: 'Use "upkeep daemon stop"',
  logs: 'Read daemon.log in its home; "upkeep daemon status" names that',
  ping: 'Use "upkeep daemon status"',
  reload: REPLACE,
  restart: REPLACE,
  upgrade: 'Use "upkeep upgrade"',
}

const OPTIONS: Readonly<Record<string, string>> = {
  '--err': 'Use --stderr',
  '--no-autorestart': "Write restart: 'never' into the config",
  '--no-daemon': 'Use "upkeep run"',
  '--node-args': 'Use --interpreter-args',
  '--nostream': 'Not needed: without --follow it ends',
  '--only':
    'Not needed: apps that have not changed are left alone; "upkeep reload <app>" and "restart <app>" take one',
  '--out': 'Use --stdout',
  '--timestamp': 'Use --time',
  '--update-env': 'Not needed: "upkeep start" takes the environment of the config',
}

export const OTHER_WORDS = { command: COMMANDS, daemon: DAEMON_COMMANDS, option: OPTIONS } as const

/** What to write instead of a word of others; undefined for one that nobody has. */
export function ourWordFor(kind: keyof typeof OTHER_WORDS, word: string): string | undefined {
  return Object.hasOwn(OTHER_WORDS[kind], word) ? OTHER_WORDS[kind][word] : undefined
}
