// What a service may not do. Each line was tried with Node.js; what `systemd-analyze security` says of each unit, and which
// lines cannot be had, is in docs/decisions/0010.
// Left out on purpose: MemoryDenyWriteExecute (V8 compiles), ProcSubset=pid (no cores are seen), RemoveIPC (it takes from
// other programs of that user).
import { quotePathWord } from './quote.ts'
import type { Line } from './unit-text.ts'

/** What needs no privilege, so that a user's own service manager can do it too. */
const UNPRIVILEGED: readonly Line[] = [
  ['NoNewPrivileges', 'yes'],
  ['LockPersonality', 'yes'],
  ['RestrictNamespaces', 'yes'],
  ['RestrictRealtime', 'yes'],
  ['RestrictSUIDSGID', 'yes'],
  ['RestrictAddressFamilies', 'AF_INET AF_INET6 AF_UNIX AF_NETLINK'],
  ['SystemCallArchitectures', 'native'],
  ['SystemCallFilter', '@system-service'],
]

const PRIVILEGED: readonly Line[] = [
  ['PrivateDevices', 'yes'],
  ['DevicePolicy', 'closed'],
  ['PrivateMounts', 'yes'],
  ['ProtectClock', 'yes'],
  ['ProtectControlGroups', 'yes'],
  ['ProtectHostname', 'yes'],
  ['ProtectKernelLogs', 'yes'],
  ['ProtectKernelModules', 'yes'],
  ['ProtectKernelTunables', 'yes'],
  ['ProtectProc', 'invisible'],
  ['KeyringMode', 'private'],
]

/** What a daemon of root needs to run apps as other users, with their limits, on any port. */
const ROOT_CAPABILITIES =
  'CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_KILL CAP_NET_BIND_SERVICE CAP_SETGID CAP_SETUID CAP_SYS_PTRACE CAP_SYS_RESOURCE'

/** `plain root` is a service that has the user id of root and no other right of it. */
export type SandboxKind = 'user manager' | 'user' | 'root' | 'plain root'

/** Setting priorities and the like is closed to all; limits are set with prlimit(2), which is not among these. */
const NO_RESOURCES: Line = ['SystemCallFilter', '~@resources']
const NO_PRIVILEGES: Line = ['SystemCallFilter', '~@privileged @resources']

export function sandbox(kind: SandboxKind, hasLowPorts: boolean): readonly Line[] {
  const lowPorts = hasLowPorts ? 'CAP_NET_BIND_SERVICE' : ''
  // Unknown system calls fail instead of killing a worker.
  const fails: Line = ['SystemCallErrorNumber', 'EPERM']
  switch (kind) {
    case 'user manager':
      return [...UNPRIVILEGED, NO_PRIVILEGES, fails]
    case 'root':
      return [
        ...UNPRIVILEGED,
        NO_RESOURCES,
        fails,
        ...PRIVILEGED,
        ['CapabilityBoundingSet', ROOT_CAPABILITIES],
      ]
    case 'plain root':
      return [...UNPRIVILEGED, NO_PRIVILEGES, fails, ...PRIVILEGED, ['CapabilityBoundingSet', lowPorts]]
    case 'user':
      return [
        ...UNPRIVILEGED,
        NO_PRIVILEGES,
        fails,
        ...PRIVILEGED,
        ['CapabilityBoundingSet', lowPorts],
        ['AmbientCapabilities', lowPorts],
      ]
  }
}

const IN_A_HOME = /^(?:\/home\/[^/]+|\/root|\/run\/user\/[^/]+)(?=\/|$)/

/** The home that a path is in, of those that a sandbox closes. */
export function homeAround(path: string): string | undefined {
  return IN_A_HOME.exec(path)?.[0]
}

/** The file system is read-only but for some folders; of the homes, only what is needed is seen. */
export function fileSystem(writable: readonly string[], readable: readonly string[] = []): readonly Line[] {
  const isInHome = (path: string) => homeAround(path) !== undefined
  const readHomes = new Set(readable.flatMap((path) => homeAround(path) ?? []))
  const seen: readonly Line[] = [
    ...[...readHomes].map((path): Line => ['BindReadOnlyPaths', optional(path)]),
    ...writable.filter(isInHome).map((path): Line => ['BindPaths', optional(path)]),
  ]
  return [
    ['ProtectSystem', 'strict'],
    ['ReadWritePaths', writable.map(optional).join(' ')],
    ['ProtectHome', seen.length === 0 ? 'yes' : 'tmpfs'],
    ...seen,
  ]
}

/** A path that may be missing. */
function optional(path: string): string {
  return quotePathWord(`-${path}`)
}
