// Says more than a pipe holds and ends at once, in the way it is told.
import cluster from 'node:cluster'
import { Worker } from 'node:worker_threads'

const [how] = process.argv.slice(2)
const numbered = (count) =>
  Array.from({ length: count }, (_, line) => `line ${line} ${'x'.repeat(line % 100)}\n`)
const say = (count, stream = process.stdout) => {
  for (const line of numbered(count)) stream.write(line)
}

const ends = {
  listener() {
    process.on('exit', () => console.log('said at exit'))
    say(20_000)
    process.on('exit', () => console.log('said later at exit'))
    process.exit(1)
  },
  replaced() {
    const { write } = process.stdout
    process.stdout.write = function (chunk, ...rest) {
      return write.call(this, `my ${chunk}`, ...rest)
    }
    process.on('exit', () => console.log('said at exit'))
    say(20_000)
    process.exit(1)
  },
  callback() {
    process.stdout.write(numbered(20_000).join(''), () => {
      say(20_000)
      process.exit(1)
    })
  },
  corked() {
    process.stdout.cork()
    say(20_000)
    process.exit(1)
  },
  emits() {
    say(20_000)
    process.emit('exit', 0)
    say(20_000)
  },
  thread() {
    const source = `for (let line = 0; line < 20000; line++) console.log('line ' + line); process.exit(1)`
    new Worker(source, { eval: true })
  },
  cluster() {
    if (cluster.isPrimary) cluster.fork().once('exit', () => process.exit(1))
    else {
      say(20_000, process.stderr)
      throw new Error('thrown at the end')
    }
  },
  // Not before nobody reads any more.
  unread: () => whenOrphaned(() => say(20_000)),
  unreadTrace: () =>
    whenOrphaned(() => {
      process.stderr.write('x'.repeat(65_500))
      setImmediate(() => {
        throw new Error('thrown at the end')
      })
    }),
}

function whenOrphaned(speak) {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid === parent) return
    setTimeout(() => process.exit(1), 50)
    speak()
  }, 50)
}

ends[how]()
