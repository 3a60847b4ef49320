// The results as tables: one for the terminal, the same for bench/results.md.

const COLUMNS = ['Upkeep', 'pm2', 'node:cluster', 'node']

/** One table per group, with only the contenders that took part in it. */
export function tableOf({ results }) {
  const present = COLUMNS.filter((name) => results.some(({ cells }) => cells?.[name] !== undefined))
  const head = ['what', ...present, 'ratio', 'bar', 'met']
  const rows = results.map((result) => [
    result.what,
    ...present.map((name) => result.cells?.[name] ?? ''),
    result.ratio ?? '',
    result.bar ?? '',
    verdict(result),
  ])
  return markdown([head, ...rows])
}

function verdict({ skipped, error, isMet }) {
  if (error !== undefined) return `failed: ${error}`
  if (skipped !== undefined) return `skipped: ${skipped}`
  return isMet ? 'yes' : '**no**'
}

function markdown(rows) {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)))
  const line = (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n')
}

export function summary(groups) {
  const results = groups.flatMap((group) => group.results)
  const count = (test) => results.filter(test).length
  const met = count(({ isMet }) => isMet === true)
  const skipped = count((result) => result.skipped !== undefined)
  return `${met} bars met, ${results.length - met - skipped} missed, ${skipped} skipped`
}

export function document(groups, { command, versions, at, seconds }) {
  const facts = Object.entries(versions).map(([name, value]) => `- ${name}: ${value}`)
  return `# Results

Written by \`${command}\` on ${at.toISOString().slice(0, 10)} in ${Math.round(seconds)} s; do not edit. ${summary(groups)}.
What is measured and how is in [README.md](README.md). Numbers are medians, with the smallest and the largest in
brackets; all contenders of a table took turns in one run on the same machine, which the load shared with them.

${facts.join('\n')}

${groups.map((group) => `## ${group.title}\n\n\`node bench/run.js ${group.name}\`, ${Math.round(group.seconds)} s\n\n${tableOf(group)}\n`).join('\n')}`
}
