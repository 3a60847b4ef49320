// Preloaded by the units of `upkeep export systemd`, where no daemon holds the socket but systemd (sd_listen_fds(3)):
// `listen(3000)` takes the descriptor that is named `port-3000`. It needs nothing beside this file.
import net from 'node:net'
import { listenTarget } from './listen-target.ts'

const FIRST_DESCRIPTOR = 3

const { env, pid } = process
const names = env.LISTEN_PID === String(pid) ? (env.LISTEN_FDNAMES ?? '').split(':') : []
// Programs that the app starts must not take them for theirs.
for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]

const originalListen = net.Server.prototype.listen

net.Server.prototype.listen = function listen(this: net.Server, ...args: unknown[]): net.Server {
  const target = listenTarget(args)
  const index = target?.kind === 'tcp' ? names.indexOf(`port-${target.port}`) : -1
  if (target === undefined || index === -1) return Reflect.apply(originalListen, this, args)
  names[index] = ''
  const { callback, backlog } = target
  return originalListen.call(this, { fd: FIRST_DESCRIPTOR + index, backlog }, callback)
} as typeof net.Server.prototype.listen
