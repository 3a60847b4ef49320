// Writes every byte there is, invalid UTF-8 among them, and characters cut in two.
process.stdout.write(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)))
process.stdout.write('\n')
const euro = Buffer.from('€\n')
process.stdout.write(euro.subarray(0, 1))
setTimeout(() => process.stdout.write(euro.subarray(1)), 50)
