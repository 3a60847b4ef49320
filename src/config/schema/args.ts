import { isText } from '../rules/text-rule.ts'
import { splitWords } from '../words.ts'
import { isTextList } from './env.ts'
import { field } from './field.ts'

type Word = string | number

/** A list, or one text that is split like a shell would, without a shell. */
export function argsField() {
  return field<string | readonly Word[], readonly string[]>(
    'a list of texts, or one text',
    (value, refuse) => {
      if (Array.isArray(value)) return listArgs(value)
      if (typeof value !== 'string' || value.includes('\0')) return undefined
      const { words, openQuote } = splitWords(value)
      return openQuote === undefined ? words : refuse(`must close the quote ${openQuote}`)
    },
  )
}

function listArgs(list: readonly unknown[]): string[] | undefined {
  const args = list.map((arg) => (typeof arg === 'number' ? String(arg) : arg))
  // An empty argument is an argument.
  return args.every((arg) => arg === '' || isText(arg)) ? (args as string[]) : undefined
}

/** One text or a list of them. */
export function textListField(rule: string) {
  return field<string | readonly string[], readonly string[]>(rule, (value) => {
    if (isText(value)) return [value]
    return isTextList(value) ? value : undefined
  })
}
