import type { BootService } from './boot-service.ts'
import { homeMark, MARK } from './boot-service.ts'
import { cliCommand } from './cli-command.ts'
import { shellWords } from './shell-word.ts'

/** A job for /etc/init. Upstart signals the daemon alone; the apps are stopped before that. */
export function renderUpstart(service: BootService): string {
  const { account, node, args, path } = service
  const user = account === null ? [] : [`setuid ${account.name}`]
  const lines = [
    `# ${MARK}`,
    `# ${homeMark(service.home)}`,
    'description "Upkeep, which runs Node.js apps"',
    '',
    'start on runlevel [2345]',
    'stop on runlevel [!2345]',
    'respawn',
    'respawn limit unlimited',
    'umask 077',
    'limit nofile 65536 65536',
    'kill timeout 300',
    ...user,
    `env PATH=${path}`,
    '',
    `exec ${shellWords([node, ...args])}`,
    `pre-stop exec ${shellWords(cliCommand(service, 'daemon', 'stop'))}`,
  ]
  return `${lines.join('\n')}\n`
}
