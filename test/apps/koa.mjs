import Koa from 'koa'

const app = new Koa()
app.use(async (context) => {
  context.set('x-worker', String(process.pid))
  context.body = { pid: process.pid }
})
app.listen(Number(process.env.PORT))
