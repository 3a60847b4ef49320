import { readFileSync, statSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import { Failure } from '../../base/failure.ts'
import { parseUsers } from '../../config/resolve/account.ts'
import type { BootAccount } from '../../export/boot-service.ts'

/** Who runs the command. */
export function ownAccount(): BootAccount {
  const { username, uid } = userInfo()
  return { name: username, uid, home: homedir() }
}

export function accountNamed(name: string): BootAccount {
  const { username, uid, homedir: home } = userInfo()
  if (name === username) return { name, uid, home }
  const found = parseUsers(readFileSync('/etc/passwd', 'utf8')).find((user) => user.name === name)
  if (found !== undefined) return { name, uid: found.uid, home: found.home }
  throw new Failure('USER_UNKNOWN', `Cannot run anything as "${name.slice(0, 50)}": there is no such user`, {
    hint: 'It must be in /etc/passwd; create it, or name another one with --as',
  })
}

/** A daemon refuses a home of somebody else, and would do so at every boot. */
export function refuseForeignHome(home: string, account: BootAccount): void {
  const owner = statSync(home, { throwIfNoEntry: false })?.uid
  if (owner === undefined || owner === account.uid) return
  throw new Failure(
    'HOME_UNSAFE',
    `Cannot use "${home}" as home of ${account.name}: it belongs to user ${owner}`,
    {
      hint: 'Name the owner with --as, or another home with --home',
    },
  )
}
