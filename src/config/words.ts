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

/** Splits text as POSIX sh splits a simple command, and expands nothing. */
export function splitWords(text: string): Words {
  const words: string[] = []
  let word: string | undefined
  let openQuote: string | undefined
  let shellSyntax: string | undefined
  for (const match of text.matchAll(PIECE)) {
    const index = match.findIndex((group, position) => position > 0 && group !== undefined)
    const kind = KINDS[index - 1] ?? 'bare'
    const piece = match[index] ?? ''
    shellSyntax ??= shellSyntaxIn(kind, piece, word === undefined)
    if (kind === 'open') {
      openQuote = piece
      break
    }
    if (kind !== 'space') word = (word ?? '') + (kind === 'double' ? unescaped(piece) : piece)
    else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  if (word !== undefined) words.push(word)
  return { words, openQuote, shellSyntax }
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
