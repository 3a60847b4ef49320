console.error('DATABASE_URL is not set')
process.exit(78)
