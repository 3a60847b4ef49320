// Reads the many forms of arguments of `server.listen()` (Node's documentation of net.Server). What is left to Node:
// an inherited descriptor or handle, `exclusive`, and whatever Node itself would refuse.

interface ListenOptions {
  readonly callback: (() => void) | undefined
  readonly backlog: number
  readonly signal: AbortSignal | undefined
}

export type ListenTarget = ListenOptions &
  (
    | {
        readonly kind: 'tcp'
        readonly host: string | null
        readonly port: number
        readonly ipv6Only: boolean
      }
    | { readonly kind: 'unix'; readonly path: string }
  )

const DEFAULT_BACKLOG = 511

export function listenTarget(args: readonly unknown[]): ListenTarget | undefined {
  const last = args.at(-1)
  const callback = typeof last === 'function' ? (last as () => void) : undefined
  const [first, ...rest] = callback === undefined ? args : args.slice(0, -1)
  if (typeof first === 'object' && first !== null) return fromOptions(first, rest, callback)
  const options = { callback, backlog: backlogOf(rest), signal: undefined }
  if (isPath(first)) return { kind: 'unix', path: first, ...options }
  const port = portOf(first)
  if (port === undefined) return undefined
  return { kind: 'tcp', host: hostOf(rest[0]), port, ipv6Only: false, ...options }
}

function fromOptions(
  given: object,
  rest: readonly unknown[],
  callback: (() => void) | undefined,
): ListenTarget | undefined {
  const value: Record<string, unknown> = { ...given }
  if ('_handle' in given || 'handle' in given || isHandle(given)) return undefined
  if (typeof value.fd === 'number' && value.fd >= 0) return undefined
  if (value.exclusive === true) return undefined
  const signal = value.signal instanceof AbortSignal ? value.signal : undefined
  if (value.signal !== undefined && signal === undefined) return undefined
  const options = { callback, backlog: backlogOf([value.backlog, ...rest]), signal }
  if (value.port !== undefined && value.port !== null) {
    const port = portOf(value.port)
    if (port === undefined) return undefined
    return { kind: 'tcp', host: hostOf(value.host), port, ipv6Only: value.ipv6Only === true, ...options }
  }
  // Files with readable or writable for all get their mode from Node after it has bound them.
  if (isPath(value.path) && value.readableAll !== true && value.writableAll !== true) {
    return { kind: 'unix', path: value.path, ...options }
  }
  if ('port' in given) return { kind: 'tcp', host: hostOf(value.host), port: 0, ipv6Only: false, ...options }
  return undefined
}

function isHandle(value: object): boolean {
  return typeof Reflect.get(value, 'getsockname') === 'function'
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && portOf(value) === undefined && !value.startsWith('\0')
}

/** A port as Node accepts it: a number or numeric string from 0 to 65535; nothing at all means 0. */
function portOf(value: unknown): number | undefined {
  if (value === undefined || value === null) return 0
  if (typeof value === 'string' && value.trim() === '') return undefined
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const port = Number(value)
  return Number.isInteger(port) && port >= 0 && port <= 65_535 ? port : undefined
}

function hostOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function backlogOf(candidates: readonly unknown[]): number {
  const found = candidates.find((value) => typeof value === 'number' && value > 0)
  return typeof found === 'number' ? found : DEFAULT_BACKLOG
}
