import http from 'node:http'

process.on('SIGTERM', () => console.log('SIGTERM ignored'))
process.on('SIGINT', () => {})
http.createServer((_request, response) => response.end(String(process.pid))).listen(process.env.PORT)
setInterval(() => {}, 1000)
