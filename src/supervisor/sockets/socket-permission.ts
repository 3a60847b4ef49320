import { readFileSync } from 'node:fs'
import type { SocketAddress } from '../../protocol/agent.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'

/**
 * Whether a daemon of root binds this address for a worker that runs as another user: it gives no more than that user
 * could have alone. That is no port that is kept for root (ip(7), ip_unprivileged_port_start), and no file.
 */
export function mayBind(address: SocketAddress, runAs: AppSpec['runAs']): boolean {
  if (runAs === null || runAs.uid === 0) return true
  if (address.kind === 'unix') return false
  return address.port === 0 || address.port >= firstUnprivilegedPort()
}

function firstUnprivilegedPort(): number {
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  } catch {
    return 1024
  }
}

/** The kernel lets sockets of one user share a port, and root's daemon binds for all: apps of others get none of those. */
export function permittedBalance({ runAs, balance }: AppSpec): AppSpec['balance'] {
  return balance === 'spread' && runAs !== null && runAs.uid !== 0 ? 'shared' : balance
}
