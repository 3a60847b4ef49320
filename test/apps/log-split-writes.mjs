// Writes lines in two or three pieces, with pauses between them: <name> <lines>
import { setTimeout as sleep } from 'node:timers/promises'

const [name, lines] = process.argv.slice(2)

for (let line = 0; line < Number(lines); line++) {
  const text = `${name} ${line} ${'.'.repeat(line % 50)} ${name} ${line}\n`
  const first = line % 17
  const second = first + (line % 23)
  process.stdout.write(text.slice(0, first))
  if (line % 10 === 0) await sleep(line % 4)
  process.stdout.write(text.slice(first, second))
  if (line % 7 === 0) await sleep(1)
  process.stdout.write(text.slice(second))
}
