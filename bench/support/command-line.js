import { parseArgs } from 'node:util'

const EXIT_USAGE = 64
const MOST_SEED = 2 ** 32
const MOST_MINUTES = 24 * 60

/** Which rows to measure and how; `answer` is what to say instead of measuring, with the exit status. */
export function readCommandLine(args, allRows) {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        seed: { type: 'string' },
        minutes: { type: 'string' },
      },
    })
    if (values.help) return { answer: { status: 0, text: usage(allRows) } }
    const isWhole = positionals.length === 0
    const { quick, write } = values
    const seed = numberIn('seed', values.seed, MOST_SEED)
    const minutes = numberIn('minutes', values.minutes, MOST_MINUTES)
    const rows = isWhole ? allRows.filter((row) => row.isOnlyWhenNamed !== true) : named(positionals, allRows)
    return { rows, options: { quick, write, seed, minutes, isWhole } }
  } catch (error) {
    const [reason] = error.message.split('. ')
    return { answer: { status: EXIT_USAGE, text: `${reason}; try "node bench/run.js --help"` } }
  }
}

function usage(rows) {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const named = rows.map(({ name, title, isOnlyWhenNamed }) => {
    const note = isOnlyWhenNamed === true ? ' (only when named)' : ''
    return `  ${name.padEnd(width)}  ${title}${note}`
  })
  return `Usage: node bench/run.js [row...] [options]

Measures Upkeep side by side with pm2, node:cluster and bare node. bench/README.md says what and how.

Options:
  --quick        smaller samples; only prints
  --write        writes bench/results.md also for some rows
  --minutes <n>  how long the row soak goes on
  --seed <n>     what the rows kill-rounds and soak draw their chances from
  -h, --help     prints this

Rows:
${named.join('\n')}`
}

function named(names, rows) {
  const unknown = names.filter((name) => !rows.some((row) => row.name === name))
  if (unknown.length === 0) return rows.filter(({ name }) => names.includes(name))
  throw new Error(
    `Cannot measure ${unknown.join(', ')}: the rows are ${rows.map(({ name }) => name).join(', ')}`,
  )
}

function numberIn(option, text, most) {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text !== '' && value > 0 && value <= most) return value
  throw new Error(`Cannot take --${option} ${text}: it must be a number above 0, at most ${most}`)
}
