// What an agent says is data from another program, perhaps of another user: nothing is used before it was looked at.
import { isIP } from 'node:net'
import { isAbsolute } from 'node:path'
import type { AgentMessage, SocketAddress } from '../../protocol/agent.ts'

type Check = (value: unknown) => boolean
type Fields<T extends AgentMessage['type']> = Readonly<
  Record<Exclude<keyof Extract<AgentMessage, { type: T }>, 'type'>, Check>
>

const MOST_CHARS = 8192

const isText: Check = (value) =>
  typeof value === 'string' && value.length <= MOST_CHARS && !value.includes('\0')
const isFlag: Check = (value) => typeof value === 'boolean'
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0

const FIELDS: { readonly [T in AgentMessage['type']]: Fields<T> } = {
  hello: { version: isCount, worker: isText, isDraining: isFlag },
  listen: { id: isCount, address: isAddress },
  listening: { key: isText, shown: isText },
  closed: { key: isText },
  socket: { address: isAddress },
  introduced: {},
  ready: {},
  draining: {},
}

/** The message; undefined when it is none. Fields that are not known are left alone. */
export function parseAgentMessage(value: unknown): AgentMessage | undefined {
  if (!isRecord(value) || typeof value.type !== 'string' || !Object.hasOwn(FIELDS, value.type))
    return undefined
  const checks: Readonly<Record<string, Check>> = FIELDS[value.type as AgentMessage['type']]
  const fits = Object.entries(checks).every(([key, check]) => Object.hasOwn(value, key) && check(value[key]))
  return fits ? (value as unknown as AgentMessage) : undefined
}

function isAddress(value: unknown): value is SocketAddress {
  if (!isRecord(value)) return false
  if (value.kind === 'unix') return isText(value.path) && isAbsolute(String(value.path))
  const { kind, host, family, port, index, ipv6Only } = value
  const isHost = host === null ? true : typeof host === 'string' && isIP(host) === family
  const isPort = isCount(port) && Number(port) <= 65_535
  return (
    kind === 'tcp' && isHost && (family === 4 || family === 6) && isPort && isCount(index) && isFlag(ipv6Only)
  )
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
