import Fastify from 'fastify'

const app = Fastify()
app.route({
  method: ['GET', 'POST'],
  url: '/',
  handler: async (_request, reply) => {
    reply.header('x-worker', String(process.pid))
    return { pid: process.pid }
  },
})
await app.listen({ port: Number(process.env.PORT), host: '0.0.0.0' })
