import express from 'express'

const app = express()
app.use(express.json())
app.all('/', (_request, response) => {
  response.set('x-worker', String(process.pid)).json({ pid: process.pid })
})
app.listen(Number(process.env.PORT))
