import http from 'node:http'

http.createServer((_request, response) => response.end('from package.json main')).listen(process.env.PORT)
