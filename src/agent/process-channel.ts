// `process.send('ready')` and friends, as under any parent with an IPC channel, but over the agent's own line: it
// does not keep the process alive, a `process.on('message')` of the app never sees our messages, and the app gets
// no 'disconnect' when the daemon is replaced.

export function installProcessChannel(send: (data: unknown) => void): void {
  if (process.send !== undefined) return
  let isConnected = true
  const define = (name: string, descriptor: PropertyDescriptor) =>
    Object.defineProperty(process, name, { configurable: true, enumerable: true, ...descriptor })
  define('connected', { get: () => isConnected })
  define('send', {
    writable: true,
    value(data: unknown, ...rest: unknown[]) {
      const callback = rest.find((value) => typeof value === 'function')
      if (isConnected) send(data)
      if (typeof callback === 'function') process.nextTick(callback as () => void, null)
      return isConnected
    },
  })
  define('disconnect', {
    writable: true,
    value() {
      if (!isConnected) return
      isConnected = false
      process.nextTick(() => process.emit('disconnect'))
    },
  })
}
