require('node:http')
  .createServer((_request, response) => {
    const { ppid, argv, execArgv, env } = process
    response.end(JSON.stringify({ ppid, args: argv.slice(2), execArgv, greeting: env.GREETING }))
  })
  .listen(process.env.PORT)
