// Numbered lines, so that a missing one shows.
const rate = Number(process.env.LINES_PER_TICK ?? 10)
let next = 0
setInterval(() => {
  for (let count = 0; count < rate; count++) console.log(`line ${next++}`)
}, 10)
