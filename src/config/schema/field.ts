// A field is one key's check: a rule in words, and a function that turns what the user wrote into what the code
// wants. The rule is what an error says and what the reference page shows, so they cannot differ.
import * as z from 'zod'
import { renderDuration, tryParseDuration } from '../../base/duration.ts'
import { didYouMean } from '../../base/nearest-name.ts'
import { renderSize, tryParseSize } from '../../base/size.ts'
import { isText } from '../rules/text-rule.ts'
import type { TimeLimits } from '../rules/times.ts'
import { mustBe, show } from './show.ts'

/** Reports a problem in other words than the rule; `path` leads to a part of the value. */
export type Refuse = (message: string, path?: PropertyKey) => undefined

export type Field<Input, Output> = z.ZodPipe<z.ZodCustom<Input, Input>, z.ZodTransform<Output, Input>>

export const fieldRules = z.registry<{ rule: string }>()

/** `parse` returns undefined for what breaks the rule. */
export function field<Input, Output = Input>(
  rule: string,
  parse: (value: unknown, refuse: Refuse) => Output | undefined,
): Field<Input, Output> {
  const schema = z
    .custom<Input>((value) => value !== undefined, mustBe(rule, undefined))
    .transform((value, context): Output => {
      let isExplained = false
      const report = (message: string, path?: PropertyKey) => {
        isExplained = true
        context.issues.push({
          code: 'custom',
          message,
          input: undefined,
          path: path === undefined ? [] : [path],
        })
        return undefined
      }
      const output = parse(value, report)
      if (output === undefined && !isExplained) report(mustBe(rule, value))
      return output ?? z.NEVER
    })
  schema.register(fieldRules, { rule })
  return schema
}

/** The same field that also takes null, which says "none". */
export function orNull<Input, Output>(schema: Field<Input, Output>, meaning: string) {
  const nullable = schema.nullable()
  nullable.register(fieldRules, { rule: `${fieldRules.get(schema)?.rule}; null for ${meaning}` })
  return nullable
}

export function text(rule = 'text') {
  return field<string>(rule, (value) => (isText(value) ? value : undefined))
}

export function flag() {
  return field<boolean>('true or false', (value) => (typeof value === 'boolean' ? value : undefined))
}

export function whole(min: number, max: number) {
  return field<number>(`a whole number from ${min} to ${max}`, (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined,
  )
}

export function choice<const Choice extends string>(choices: readonly Choice[]) {
  const rule = `one of ${choices.map((one) => `"${one}"`).join(', ')}`
  return field<Choice>(rule, (value, refuse) => {
    const found = choices.find((one) => one === value)
    if (found !== undefined || typeof value !== 'string') return found
    return refuse(`must be ${rule}, got ${show(value)}${didYouMean(value, choices)}`)
  })
}

export function duration({ minMs, maxMs }: TimeLimits) {
  return field<string, number>('a time with a unit, such as "30s" or "500ms"', (value, refuse) => {
    if (typeof value !== 'string') return undefined
    const parsedMs = tryParseDuration(value)
    if (parsedMs === undefined || (parsedMs >= minMs && parsedMs <= maxMs)) return parsedMs
    return refuse(`must be from ${renderDuration(minMs)} to ${renderDuration(maxMs)}, got ${show(value)}`)
  })
}

export function size(minBytes: number) {
  return field<string, number>('a size with a unit, such as "10MB"', (value, refuse) => {
    if (typeof value !== 'string') return undefined
    const bytes = tryParseSize(value)
    if (bytes === undefined || (bytes >= minBytes && Number.isSafeInteger(bytes))) return bytes
    return refuse(`must be at least ${renderSize(minBytes)}, got ${show(value)}`)
  })
}
