import http from 'node:http'

http.createServer((_request, response) => response.end('from index.js')).listen(process.env.PORT)
