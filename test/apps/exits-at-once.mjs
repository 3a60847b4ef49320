process.exit(Number(process.env.CODE ?? 0))
