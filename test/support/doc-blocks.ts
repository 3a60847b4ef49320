// The fenced code blocks of the documentation, and what they say.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { splitWords } from '../../src/config/words.ts'
import { packageRoot } from './package-root.ts'

export interface Page {
  /** Relative to the folder of the package. */
  readonly path: string
  readonly text: string
  readonly blocks: readonly Block[]
}

export interface Block {
  /** Where it stands, such as `README.md:12`. */
  readonly place: string
  readonly language: string
  readonly text: string
  /** The file that the comment in its first line names: `// src/server.ts`. */
  readonly file: string | undefined
}

/** A command of a block, and what the page says it prints; undefined where it does not say. */
export interface Step {
  readonly command: string
  readonly shown: string | undefined
}

export function readPages(): Page[] {
  const paths = ['docs', 'docs/guide', 'docs/reference'].flatMap((folder) =>
    readdirSync(join(packageRoot, folder)).map((name) => `${folder}/${name}`),
  )
  return ['README.md', ...paths.filter((path) => path.endsWith('.md'))].map(readPage)
}

function readPage(path: string): Page {
  const text = readFileSync(join(packageRoot, path), 'utf8')
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map((match) => {
    const [, language = '', content = ''] = match
    const line = text.slice(0, match.index).split('\n').length
    const file = /^(?:\/\/|#) ([\w./-]*\.[\w.-]+)$/m.exec(content.split('\n')[0] ?? '')?.[1]
    return { place: `${path}:${line}`, language, text: content, file }
  })
  return { path, text, blocks }
}

/** The commands of a block for a shell: each line of `sh`, the lines after `$ ` of `console`. */
export function stepsOf({ language, text, file }: Block): Step[] {
  if (file !== undefined) return []
  if (language === 'sh') return shellLines(text).map((command) => ({ command, shown: undefined }))
  if (language !== 'console') return []
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = '', ...shown] = part.split('\n')
      return { command, shown: shown.join('\n').trimEnd() }
    })
}

function shellLines(text: string): string[] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
}

/** The words after `upkeep` in each call of it. */
export function upkeepCalls(command: string): string[][] {
  const withoutComment = command.replace(/(^|\s)#.*$/, '')
  return withoutComment.split(/&&|\|\|?|;/).flatMap((part) => {
    const { words } = splitWords(part)
    const start = words.findIndex((word) => !/^(?:\w+=.*|npx)$/.test(word))
    return words[start] === 'upkeep' ? [words.slice(start + 1)] : []
  })
}

const NUMBER = String.raw`(?:\d[\d.]*|-)`
const UNIT = `(?: (?:ms|s|m|h|d|%|[KMGT]?B))`

/** True when a command printed what is shown, but for numbers that differ from run to run and widths of columns. */
export function isAsShown(output: string, shown: string): boolean {
  const lines = withoutTimes(shown)
    .split('\n')
    .map((line) => (line === '…' ? '[\\s\\S]*' : linePattern(line)))
  return new RegExp(`^\\s*${lines.join('\\n')}\\s*$`).test(withoutTimes(output))
}

/** How long something took is told only when it is worth telling. */
function withoutTimes(text: string): string {
  return text.replaceAll(/ in \d[\d.]* m?s\b/g, '')
}

function linePattern(line: string): string {
  const parts = line.trim().split(new RegExp(`(\\d[\\d.]*${UNIT}|\\d{4,}|\\s+)`))
  const pattern = parts.map((part, index) => (index % 2 === 0 ? escaped(part) : variable(part)))
  return `[ \\t]*${pattern.join('')}[ \\t]*`
}

function variable(part: string): string {
  return part.trim() === '' ? '[ \\t]+' : `${NUMBER}${UNIT}?(?: ${NUMBER}${UNIT})?`
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
