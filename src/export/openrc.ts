import type { BootService } from './boot-service.ts'
import { homeMark, MARK } from './boot-service.ts'
import { cliCommand } from './cli-command.ts'
import { shellWord, shellWords } from './shell-word.ts'

/** A script for /etc/init.d. supervise-daemon(8) brings the daemon back and signals nothing but the daemon. */
export function renderOpenrc(service: BootService): string {
  const { account, node, args, path } = service
  const user = account === null ? [] : [`command_user=${shellWord(account.name)}`]
  const asUser = account === null ? [] : ['runuser', '-u', account.name, '--']
  const stop = shellWords([...asUser, ...cliCommand(service, 'daemon', 'stop')])
  const lines = [
    '#!/sbin/openrc-run',
    `# ${MARK}`,
    `# ${homeMark(service.home)}`,
    '',
    'description="Upkeep, which runs Node.js apps"',
    'supervisor=supervise-daemon',
    `command=${shellWord(node)}`,
    // It is evaluated once more.
    `command_args=${shellWord(shellWords(args))}`,
    ...user,
    'respawn_delay=1',
    'respawn_max=0',
    'umask=077',
    'rc_ulimit="-n 65536"',
    'retry="TERM/30/KILL/5"',
    `export PATH=${shellWord(path)}`,
    '',
    'depend() {',
    '\tuse net dns logger',
    '\tafter firewall',
    '}',
    '',
    '# A restart keeps the workers for the next daemon.',
    'stop_pre() {',
    '\tif [ "$RC_CMD" != restart ]; then',
    `\t\t${stop}`,
    '\tfi',
    '\treturn 0',
    '}',
  ]
  return `${lines.join('\n')}\n`
}
