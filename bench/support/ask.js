import http from 'node:http'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** One request on a connection of its own; resolves with the text, throws when there is no answer. */
export function ask(port, path = '/', timeoutMs = 60_000) {
  return new Promise((resolve, reject) => {
    const request = http.get(
      { port, host: '127.0.0.1', path, agent: false, timeout: timeoutMs },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk) => {
          text += chunk
        })
        response.once('end', () => resolve(text))
        response.once('error', reject)
      },
    )
    request.once('timeout', () => request.destroy(new Error('no answer in time')))
    request.once('error', reject)
  })
}

export async function askJson(port, path, timeoutMs) {
  return JSON.parse(await ask(port, path, timeoutMs))
}

const REQUEST = 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'
const RETRY_MS = 1
/** A connection can be stuck for ever with a worker that is dead, so after this time another one is tried beside it. */
const PATIENCE_MS = 10
const GIVE_UP_MS = 20_000

/** Milliseconds until a worker other than `notPid` answers, asking again at once while nobody does. */
export async function answeredAfter(port, startedMs, notPid) {
  const sockets = new Set()
  let answeredMs
  try {
    while (answeredMs === undefined) {
      if (performance.now() - startedMs > GIVE_UP_MS) throw new Error(`no answer within ${GIVE_UP_MS} ms`)
      const attempt = workerThatAnswers(port, sockets).then((worker) => {
        if (worker === undefined || worker === notPid) return sleep(RETRY_MS)
        answeredMs ??= performance.now() - startedMs
      })
      await Promise.race([attempt, sleep(PATIENCE_MS)])
    }
    return answeredMs
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

function workerThatAnswers(port, sockets) {
  return new Promise((resolve) => {
    let text = ''
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    sockets.add(socket)
    const done = (worker) => {
      sockets.delete(socket)
      socket.destroy()
      resolve(worker)
    }
    socket.once('connect', () => socket.write(REQUEST))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const worker = /x-worker: (\d+)/i.exec(text)?.[1]
      if (worker !== undefined) done(Number(worker))
    })
    socket.once('error', () => done(undefined))
    socket.once('close', () => done(undefined))
  })
}

export function canConnect(port) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
