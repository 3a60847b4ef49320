// Writes numbered lines of 100 bytes when it is asked to. A path says what, and the answer comes when all is written:
//   /burst?bytes=n&chunk=n   as fast as it can: `chunk` bytes per write, 0 for one line per write
//   /pace?rate=n             begins to do so without an end; /paced-count answers how many, /paced-end stops it
//   /crash?run=n&lines=n     so many lines on stderr, then an error nobody catches
const http = require('node:http')

const LINE_BYTES = 100
const TICK_MS = 10
let pace = { written: 0, timer: undefined }

const ACTS = {
  '/burst': burst,
  '/pace': startPace,
  '/paced-count': async () => ({ written: pace.written }),
  '/paced-end': endPace,
  '/crash': crash,
}

http
  .createServer((request, response) => {
    const url = new URL(request.url, 'http://app')
    const act = ACTS[url.pathname] ?? (async () => ({ pid: process.pid }))
    const parameters = Object.fromEntries([...url.searchParams].map(([name, value]) => [name, Number(value)]))
    response.setHeader('x-worker', process.pid)
    act(parameters).then((result) => response.end(JSON.stringify(result)))
  })
  .listen(Number(process.env.PORT), '127.0.0.1')

async function burst({ bytes, chunk }) {
  const startedMs = Date.now()
  const count = Math.max(1, Math.floor(chunk / LINE_BYTES))
  const text = Array.from({ length: count }, (_, index) => line('burst', index)).join('')
  let left = Math.floor(bytes / text.length)
  const written = left * text.length
  // Waits for the last of a batch, as a stream that is piped does.
  const batch = Math.max(1, Math.floor((256 * 1024) / text.length))
  while (left > 0) {
    const now = Math.min(batch, left)
    for (let index = 1; index < now; index++) process.stdout.write(text)
    await new Promise((resolve) => process.stdout.write(text, resolve))
    left -= now
  }
  return { startedMs, writtenMs: Date.now(), written }
}

async function startPace({ rate }) {
  const startedMs = performance.now()
  pace = { written: 0, timer: setInterval(tick, TICK_MS) }
  return {}

  function tick() {
    const due = Math.floor(((performance.now() - startedMs) / 1000) * rate)
    while (pace.written < due) process.stdout.write(line('line', pace.written++))
  }
}

async function endPace() {
  clearInterval(pace.timer)
  return { written: pace.written }
}

async function crash({ run, lines }) {
  setImmediate(() => {
    for (let index = 0; index < lines; index++) process.stderr.write(line(`crash-${run}`, index))
    throw new Error(`the end of run ${run}`)
  })
  return {}
}

function line(word, index) {
  return `${`${word} ${index} `.padEnd(LINE_BYTES - 1, '.')}\n`
}
