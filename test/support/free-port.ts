import net from 'node:net'

const FIRST = 10_000
const COUNT = 20_000

/**
 * A port nobody listens on, below the range the kernel takes client ports from: under load one of those would be
 * used up before the app could bind it.
 */
export async function freePort(count = 1): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(port + index)))
    if (free.every(Boolean)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer()
    server.once('error', () => resolve(false))
    server.listen(port, () => server.close(() => resolve(true)))
  })
}
