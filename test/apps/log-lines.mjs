// Writes numbered lines: <count> <lines per second, 0 for all at once> [stdout|stderr] [what then: exit, throw]
const [count, perSecond, stream = 'stdout', then = 'end'] = process.argv.slice(2)
const total = Number(count)
const rate = Number(perSecond)
const startedMs = performance.now()
let next = 0

function writeUntil(end) {
  for (; next < end; next++) process[stream].write(`line ${next} ${'x'.repeat(next % 100)}\n`)
}

function finish() {
  if (then === 'exit') process.exit(1)
  if (then === 'throw') throw new Error('thrown at the end')
}

if (rate === 0) {
  writeUntil(total)
  finish()
} else {
  const timer = setInterval(() => {
    writeUntil(Math.min(total, Math.floor(((performance.now() - startedMs) / 1000) * rate)))
    if (next < total) return
    clearInterval(timer)
    finish()
  }, 1)
}
