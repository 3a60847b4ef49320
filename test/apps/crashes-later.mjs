import http from 'node:http'

http.createServer((_request, response) => response.end(String(process.pid))).listen(process.env.PORT)
setTimeout(
  () => {
    console.error('out of luck')
    throw new Error('crashed on purpose')
  },
  Number(process.env.CRASH_MS ?? 200),
)
