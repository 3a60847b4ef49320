// A queue consumer: never listens, and finishes the job in hand before it goes.
import { appendFileSync } from 'node:fs'

const log = (text) => process.env.JOURNAL && appendFileSync(process.env.JOURNAL, `${process.pid} ${text}\n`)
log('start')
console.log(`consuming, version ${process.env.VERSION}`)
let isStopping = false
process.on('SIGTERM', () => {
  isStopping = true
})
setInterval(() => {
  if (!isStopping) return
  log('stop')
  process.exit(0)
}, 50)
