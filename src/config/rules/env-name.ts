export function envNameProblem(name: string): string | undefined {
  if (name === '') return 'must have a name'
  return name.includes('=') || name.includes('\0') ? 'must have a name without "=" and NUL bytes' : undefined
}
