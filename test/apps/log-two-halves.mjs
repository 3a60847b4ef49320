// Writes half of a line, and the other half when it is told to end.
process.stdout.write('one ')
process.once('SIGTERM', () => process.stdout.write('line\n', () => process.exit()))
setInterval(() => {}, 1_000)
