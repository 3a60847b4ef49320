// The shapes that the daemon's checks are made of. Without zod, which would be a fifth of the daemon's memory
// (docs/decisions/0004).
import type { Shape } from '../../base/shape.ts'
import { exactly, rule } from '../../base/shape.ts'
import { isText } from '../rules/text-rule.ts'
import { show } from '../schema/show.ts'

export const text = is('text', isText)
export const flag = is('true or false', (value) => typeof value === 'boolean')

export function is(expected: string, fits: (value: unknown) => boolean): Shape {
  return rule(expected, fits, show)
}

export function exact(shapes: Readonly<Record<string, Shape>>): Shape {
  return exactly(shapes, show)
}

export function whole(min: number, max = Number.MAX_SAFE_INTEGER): Shape {
  const fits = (value: unknown) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max
  return is(`a whole number from ${min} to ${max}`, fits)
}

export function choice(choices: readonly string[]): Shape {
  const expected = `one of ${choices.map((one) => `"${one}"`).join(', ')}`
  return is(expected, (value) => choices.some((one) => one === value))
}

/** A list in which each one has this shape. */
export function listOf(shape: Shape): Shape {
  const isList = is('a list', Array.isArray)
  return (value, path) =>
    Array.isArray(value)
      ? value.flatMap((one, index) => shape(one, `${path}[${index}]`))
      : isList(value, path)
}
