export interface Words {
  readonly words: readonly string[]
  /** The quote that was opened and not closed. */
  readonly openQuote: string | undefined
  /** The first piece that only a shell understands, such as `&&`. */
  readonly shellSyntax: string | undefined
}

type Kind = 'space' | 'single' | 'double' | 'escaped' | 'bare' | 'open'

// One alternative for each kind of piece, in the order of Kind.
const PIECE = /(\s+)|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)|(["'\\])/gsy
const KINDS: readonly Kind[] = ['space', 'single', 'double', 'escaped', 'bare', 'open']

/** What `$NAME` and `${NAME}` stand for; without it, a dollar is for a shell. */
export type Variables = Readonly<Record<string, string | undefined>>

const VARIABLE = /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g

/** Splits text as POSIX sh splits a simple command, and expands nothing but these variables. */
export function splitWords(text: string, variables?: Variables): Words {
  const words: string[] = []
  let word: string | undefined
  let openQuote: string | undefined
  let shellSyntax: string | undefined
  for (const match of text.matchAll(PIECE)) {
    const index = match.findIndex((group, position) => position > 0 && group !== undefined)
    const kind = KINDS[index - 1] ?? 'bare'
    const written = match[index] ?? ''
    const { piece, rest } = expanded(kind, written, variables)
    shellSyntax ??= shellSyntaxIn(kind, rest, word === undefined)
    if (kind === 'open') {
      openQuote = piece
      break
    }
    if (kind !== 'space') word = piece === '' && kind === 'bare' ? word : (word ?? '') + piece
    else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  if (word !== undefined) words.push(word)
  return { words, openQuote, shellSyntax }
}

interface Expanded {
  readonly piece: string
  /** What was no variable: only there a shell may be needed. */
  readonly rest: string
}

function expanded(kind: Kind, text: string, variables: Variables | undefined): Expanded {
  const isLiteral = (kind !== 'bare' && kind !== 'double') || text.includes('\\')
  if (variables === undefined || isLiteral) {
    return { piece: kind === 'double' ? unescaped(text) : text, rest: text }
  }
  const held = (_: string, plain?: string, braced?: string) => variables[plain ?? braced ?? ''] ?? ''
  const piece = text.replaceAll(VARIABLE, held)
  const rest = text.replaceAll(VARIABLE, '')
  // Where it is not quoted, a shell would make several words of such a value.
  const isSplit = kind === 'bare' && piece !== text && /[\s*?[]/.test(piece)
  return isSplit ? { piece: text, rest: text } : { piece, rest }
}

function shellSyntaxIn(kind: Kind, piece: string, isWordStart: boolean): string | undefined {
  if (kind === 'double') return /(?<!\\)(?:\\\\)*([$`])/.exec(piece)?.[1]
  if (kind !== 'bare') return undefined
  const operator = /&&|\|\||>>|<<|\$\(|[&|;<>()$`*?[\]]/.exec(piece)?.[0]
  return operator ?? (isWordStart ? /^(?:#|~|[{}!]$)/.exec(piece)?.[0] : undefined)
}

// Inside double quotes a backslash only means something before these.
function unescaped(piece: string): string {
  return piece.replaceAll(/\\([$`"\\])/g, '$1').replaceAll('\\\n', '')
}
