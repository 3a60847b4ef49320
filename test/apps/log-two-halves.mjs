// Writes half of a line, and the other half when it is told to end: [what it says after that]
const [rest = ''] = process.argv.slice(2)
process.stdout.write('one ')
process.once('SIGTERM', () => process.stdout.write(`line\n${rest}`, () => process.exit()))
setInterval(() => {}, 1_000)
