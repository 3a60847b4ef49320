// What systemd.syntax(7) and systemd.service(5) make of a text, undone. `%` starts a specifier everywhere, `$` a variable
// in commands only, and words are split at spaces unless quoted.
import { Failure } from '../../base/failure.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

/** A word of a list, such as an argument or `NAME=value` of `Environment=`. */
export function quoteWord(text: string): string {
  const escaped = text.replaceAll('%', '%%').replace(/[\\"\n\r\t]/g, (character) => ESCAPES[character] ?? '')
  return /^[\w./=@%+,~-]+$/.test(escaped) ? escaped : `"${escaped}"`
}

/** A path of a list, such as one of `ReadWritePaths=`; some lists know no escapes for control characters. */
export function quotePathWord(path: string): string {
  return quoteWord(fitPath(path))
}

/** A program and its arguments, for `ExecStart=` and the like. */
export function quoteCommand([program = '', ...args]: readonly string[]): string {
  return [quoteProgram(program), ...args.map((arg) => quoteWord(arg.replaceAll('$', '$$$$')))].join(' ')
}

/** Variables are not expanded here, and some characters in front of a path have a meaning. */
function quoteProgram(program: string): string {
  if (!program.startsWith('/')) throw unfit(program, 'a program of a unit needs an absolute path')
  return quotePathWord(program)
}

/** A value that is one path to the end of the line, such as that of `WorkingDirectory=`. */
export function quotePath(path: string): string {
  if (path.endsWith('\\')) throw unfit(path, 'it ends with a backslash, which would join the next line to it')
  return fitPath(path).replaceAll('%', '%%')
}

function fitPath(path: string): string {
  if (/[\x00-\x1f\x7f]/.test(path)) throw unfit(path, 'it has a control character')
  return path
}

/** A line of an `EnvironmentFile=`: quoted as a shell would read it, and nothing is expanded. */
export function quoteVariable(name: string, value: string): string {
  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(value)) throw unfit(name, 'its value has a control character')
  return `${name}="${value.replace(/["\\`$]/g, '\\$&')}"`
}

function unfit(text: string, reason: string): Failure {
  return new Failure('USAGE', `Cannot write ${JSON.stringify(text)} into a unit: ${reason}`)
}
