// Requests that fail while the app is reloaded again and again.
import { Pm2Contender } from '../contenders/pm2-contender.js'
import { UpkeepContender } from '../contenders/upkeep-contender.js'
import { benchApp, freePort, lost } from '../support/built.js'
import { showLosses, sum, underLoad } from '../support/losses.js'
import { hasNginx, Nginx } from '../support/nginx.js'

const CLIENTS = 40
const PAUSE_MS = 20
/** A request takes 10 ms; pm2 leaves some without an answer for ever. */
const TIMEOUT_MS = 3000
const RELOADS_PER_BLOCK = 5

const KINDS = [
  { what: 'keep-alive GET', app: 'http1', load: { kind: 'get' } },
  { what: 'keep-alive POST', app: 'http1', load: { kind: 'post' } },
  { what: 'one connection per request', app: 'http1', load: { kind: 'connection' } },
  { what: 'HTTP/2', app: 'http2', load: { kind: 'http2' } },
  // Not GET: nginx asks again when a GET fails, and so would hide what is counted here.
  { what: 'through nginx, POST', app: 'http1', load: { kind: 'post' }, isThroughNginx: true },
]

export const reload = {
  name: 'reload',
  title: `Failed requests while 2 instances are reloaded under ${CLIENTS} clients`,
  async run({ scope, quick, say }) {
    const blocks = quick ? 1 : 4
    const sides = [await side(scope, new UpkeepContender()), await side(scope, new Pm2Contender())]
    const results = []
    for (const kind of KINDS) {
      if (kind.isThroughNginx && !hasNginx()) {
        results.push({ what: kind.what, bar: '0 lost', skipped: 'no nginx on this machine' })
        continue
      }
      const outcomes = new Map(sides.map(({ contender }) => [contender.name, []]))
      for (let block = 0; block < blocks; block++) {
        for (const each of sides) outcomes.get(each.contender.name).push(await oneBlock(each, kind, say))
      }
      results.push(result(kind, outcomes, blocks * RELOADS_PER_BLOCK, say))
    }
    return results
  },
}

async function side(scope, contender) {
  scope.own(contender)
  const ports = { http1: await freePort(), http2: await freePort(), nginx: 0 }
  for (const [name, script] of [
    ['http1', 'server.cjs'],
    ['http2', 'http2.cjs'],
  ]) {
    await contender.start({
      name,
      script: benchApp(script),
      instances: 2,
      port: ports[name],
      env: { DELAY_MS: '10' },
    })
  }
  if (hasNginx()) {
    const nginx = scope.own(new Nginx())
    await nginx.start(ports.http1)
    ports.nginx = nginx.port
  }
  return { contender, ports }
}

async function oneBlock({ contender, ports }, { app, load, isThroughNginx }, say) {
  const port = isThroughNginx ? ports.nginx : ports[app]
  const { outcomes, failures } = await underLoad(
    [{ ...load, port, clients: CLIENTS, pauseMs: PAUSE_MS, timeoutMs: TIMEOUT_MS }],
    async ([running]) => {
      for (let count = 0; count < RELOADS_PER_BLOCK; count++) {
        await contender.reload(app)
        await running.answers(CLIENTS * 2)
      }
    },
  )
  if (contender instanceof UpkeepContender) {
    for (const { kind, message, worker } of failures.slice(0, 3))
      say(`Upkeep, ${kind}: ${message}, worker ${worker}`)
  }
  return outcomes
}

function result({ what }, outcomes, reloads, say) {
  const [ours, theirs] = [sum(outcomes.get('Upkeep')), sum(outcomes.get('pm2'))]
  say(`${what}: ${showLosses(ours)}; pm2 ${showLosses(theirs)}`)
  return {
    what: `${what}, lost in ${reloads} reloads`,
    cells: { Upkeep: showLosses(ours), pm2: showLosses(theirs) },
    bar: '0 lost',
    isMet: lost(ours) === 0,
  }
}
