// The daemon as an init system shall start it: the real binaries, because at boot there is no shell that knows nvm, fnm,
// asdf or volta.
import { realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { Failure } from '../../base/failure.ts'
import { PACKAGE_FOLDER } from '../../base/package.ts'
import { isExecutable } from '../../config/resolve/find-program.ts'
import type { BootAccount, BootService } from '../../export/boot-service.ts'
import { DAEMON_PROGRAM, daemonFlags } from '../daemon-command.ts'
import { refuseForeignHome } from './accounts.ts'

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** Where apps usually live, and what every program expects to be able to write. */
const USUALLY_WRITABLE = ['/tmp', '/var/tmp', '/dev/shm', '/srv', '/var/www']
const PERL = '/usr/bin/perl'

export interface BootWish {
  readonly name: string
  readonly account: BootAccount
  /** For the user's own service manager. */
  readonly isUserManager: boolean
  readonly home: string
  readonly writable: readonly string[]
  readonly hasLowPorts: boolean
}

export function bootService(wish: BootWish): BootService {
  const { name, account, isUserManager, home, writable, hasLowPorts } = wish
  refuseForeignHome(home, account)
  const node = realpathSync(process.execPath)
  for (const path of [node, PACKAGE_FOLDER]) refuseForeignPath(path, account)
  return {
    name,
    account: isUserManager ? null : account,
    home,
    node,
    args: [...daemonFlags(), DAEMON_PROGRAM, home],
    packageFolder: PACKAGE_FOLDER,
    path: `${dirname(node)}:${SYSTEM_PATH}`,
    perl: isExecutable(PERL) ? PERL : null,
    writable: [...USUALLY_WRITABLE, ...writable],
    hasLowPorts,
  }
}

/** Homes are closed to other users; a service of one cannot run what is installed in that of another. */
function refuseForeignPath(path: string, { name, home }: BootAccount): void {
  const [, owner] = /^(\/root|\/home\/[^/]+)\//.exec(path) ?? []
  if (owner === undefined || home === owner || `${home}/`.startsWith(`${owner}/`)) return
  throw new Failure(
    'BOOT_FAILED',
    `Cannot start ${path} as ${name}: it is in ${owner}, the home of somebody else`,
    {
      hint: `Install Node.js and Upkeep for all users, or as ${name}`,
    },
  )
}
