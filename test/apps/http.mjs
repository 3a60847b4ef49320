// The ordinary app of most tests: answers who it is, and misbehaves when asked to by path.
import http from 'node:http'

const { PORT = 3000, VERSION = '1' } = process.env

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://app')
  response.setHeader('x-worker', String(process.pid))
  const answer = () => {
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        pid: process.pid,
        version: VERSION,
        instance: process.env.UPKEEP_INSTANCE,
        pm2Instance: process.env.NODE_APP_INSTANCE,
        args: process.argv.slice(2),
        cwd: process.cwd(),
        node: process.version,
        env: url.pathname === '/env' ? process.env : undefined,
        ids:
          url.pathname === '/ids'
            ? { uid: process.getuid(), gid: process.getgid(), groups: process.getgroups() }
            : undefined,
      }),
    )
  }
  if (url.pathname === '/slow') setTimeout(answer, Number(url.searchParams.get('ms') ?? 1000))
  else if (url.pathname === '/crash')
    setImmediate(() => {
      throw new Error('asked to crash')
    })
  else if (url.pathname === '/exit') process.exit(Number(url.searchParams.get('code') ?? 0))
  else if (url.pathname === '/log') {
    console.log(url.searchParams.get('text'))
    answer()
  } else if (url.pathname === '/report') dieWithReport()
  else if (url.pathname === '/warn') {
    console.error(url.searchParams.get('text'))
    answer()
  } else request.resume().once('end', answer)
})

function dieWithReport() {
  for (let line = 0; line < 3000; line++) console.error(`line ${line} of the report`)
  process.exit(1)
}

server.listen(Number(PORT), () => console.log(`listening on ${PORT}, version ${VERSION}`))
