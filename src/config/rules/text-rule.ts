/** Text that may go to the operating system: it is not empty and has no NUL byte. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0')
}
