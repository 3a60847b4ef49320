// Floods stdout without a single newline: <megabytes> [of this character]
const chunk = (process.argv[3] ?? 'x').repeat(1_000_000)
for (let megabyte = 0; megabyte < Number(process.argv[2]); megabyte++) process.stdout.write(chunk)
