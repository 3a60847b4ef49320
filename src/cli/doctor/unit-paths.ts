/** The files that the commands of a unit of ours name: programs and scripts, not the home at the end. */
export function unitPaths(unit: string): string[] {
  const commands = [...unit.matchAll(/^Exec\w+=(.*)$/gm)].map(([, command = '']) => words(command))
  const paths = commands.flatMap((each) =>
    each.filter((word) => /^\/.*(?:\.(?:js|pl)|\/node|\/perl)$/.test(word)),
  )
  return [...new Set(paths)]
}

/** Undoes the quoting of src/export/systemd/quote.ts. */
function words(command: string): string[] {
  return [...command.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain = '']) =>
    (quoted?.replace(/\\(.)/g, '$1') ?? plain).replaceAll('%%', '%').replaceAll('$$', '$'),
  )
}
