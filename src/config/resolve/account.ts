import { readFileSync } from 'node:fs'
import { Failure } from '../../base/failure.ts'
import { didYouMean } from '../../base/nearest-name.ts'
import { show } from '../schema/show.ts'

export interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly shell: string
}

export interface Account {
  readonly user: User
  readonly gid: number
}

export interface AccountFiles {
  readonly passwd: string
  readonly group: string
}

interface AccountRequest {
  readonly app: string
  readonly user: string | number | undefined
  readonly group: string | number | undefined
}

/** Whom an app runs as; null when the config does not say. */
export function resolveAccount(request: AccountRequest, isRoot = process.getuid?.() === 0): Account | null {
  if (request.user === undefined && request.group === undefined) return null
  if (!isRoot) {
    throw unknownAccount(request, 'only root can run an app as somebody else', 'Remove user and group')
  }
  const files = {
    passwd: readFileSync('/etc/passwd', 'utf8'),
    group: readFileSync('/etc/group', 'utf8'),
  }
  return findAccount(request, files)
}

export function findAccount(request: AccountRequest, files: AccountFiles): Account {
  const user = findUser(request, parseUsers(files.passwd))
  if (request.group === undefined && user.gid === -1) {
    throw unknownAccount(
      request,
      `user ${request.user} is not in /etc/passwd and has no group`,
      'Write group, too',
    )
  }
  const gid =
    request.group === undefined ? user.gid : findGroup(request, request.group, parseGroups(files.group))
  return { user, gid }
}

function findUser(request: AccountRequest, users: readonly User[]): User {
  const wanted = request.user ?? 0
  const id = asId(wanted)
  const user = users.find(({ name, uid }) => name === wanted || uid === id)
  if (user !== undefined) return user
  if (id !== undefined) return { name: String(id), uid: id, gid: -1, home: '/', shell: '/bin/sh' }
  const names = users.map(({ name }) => name)
  throw unknownAccount(request, `there is no user ${show(wanted)}${didYouMean(String(wanted), names)}`)
}

function findGroup(
  request: AccountRequest,
  wanted: string | number,
  groups: ReadonlyMap<string, number>,
): number {
  const gid = groups.get(String(wanted)) ?? asId(wanted)
  if (gid !== undefined) return gid
  const names = [...groups.keys()]
  throw unknownAccount(request, `there is no group ${show(wanted)}${didYouMean(String(wanted), names)}`)
}

function asId(wanted: string | number): number | undefined {
  return /^\d{1,10}$/.test(String(wanted)) ? Number(wanted) : undefined
}

export function parseUsers(passwd: string): User[] {
  return passwd.split('\n').flatMap((line) => {
    const [name = '', , uid, gid, , home = '/', shell = '/bin/sh'] = line.split(':')
    return uid === undefined || gid === undefined
      ? []
      : { name, uid: Number(uid), gid: Number(gid), home, shell }
  })
}

function parseGroups(group: string): ReadonlyMap<string, number> {
  return new Map(
    group.split('\n').flatMap((line) => {
      const [name, , gid] = line.split(':')
      return name === undefined || gid === undefined ? [] : [[name, Number(gid)] as const]
    }),
  )
}

function unknownAccount({ app, user, group }: AccountRequest, reason: string, hint?: string): Failure {
  const who = user === undefined ? `group ${show(group)}` : `user ${show(user)}`
  return new Failure('USER_UNKNOWN', `Cannot run app ${show(app)} as ${who}: ${reason}`, { hint })
}
