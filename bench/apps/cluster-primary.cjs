// What people write with node:cluster: a worker per instance, and a new one when one dies. Tells the pids on stdout.
const cluster = require('node:cluster')

const [script, instances] = process.argv.slice(2)

cluster.setupPrimary({ exec: script })
cluster.on('exit', () => cluster.fork())
cluster.on('listening', tell)
cluster.on('exit', tell)
for (let instance = 0; instance < Number(instances); instance++) cluster.fork()

function tell() {
  const pids = Object.values(cluster.workers)
    .filter((worker) => worker.state === 'listening' && !worker.isDead())
    .map((worker) => worker.process.pid)
  process.stdout.write(`${JSON.stringify(pids)}\n`)
}

// Nobody is there to end it later.
process.stdin.on('end', () => process.exit(0)).resume()
