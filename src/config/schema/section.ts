import * as z from 'zod'
import { didYouMean } from '../../base/nearest-name.ts'
import { mustBe, showPath } from './show.ts'

/** What the reference page says about a key. */
export const keyDocs = z.registry<{ about: string; default?: unknown }>()

export function required<Schema extends z.ZodType>(about: string, schema: Schema): Schema {
  return documented(schema, about)
}

export function optional<Schema extends z.ZodType>(about: string, schema: Schema): z.ZodOptional<Schema> {
  return documented(z.optional(schema), about)
}

/** The default is written as the user would write it and goes through the same check. */
export function defaulted<Schema extends z.ZodType>(
  about: string,
  value: z.input<Schema>,
  schema: Schema,
): z.ZodPrefault<Schema> {
  const prefault = z.prefault(schema, value)
  keyDocs.add(prefault, { about, default: value })
  return prefault
}

function documented<Schema extends z.ZodType>(schema: Schema, about: string): Schema {
  keyDocs.add(schema, { about })
  return schema
}

/** Keys of the user's own, about which Upkeep does not care. */
type OwnKeys = { readonly [key: `x-${string}`]: unknown }

export interface Section<Shape extends z.ZodRawShape, Short extends string> {
  readonly about: string
  readonly shape: Shape
  /** What the short text form may be, in words. */
  readonly shorthand: string | undefined
  readonly schema: z.ZodPreprocess<
    z.ZodObject<{ -readonly [Key in keyof Shape]: Shape[Key] }, z.core.$strict>,
    (z.input<z.ZodObject<Shape, z.core.$strict>> & OwnKeys) | Short
  >
  /** Turns the short form into the long one; everything else stays as it is. */
  expand(value: unknown): unknown
}

export function section<const Shape extends z.ZodRawShape, Short extends string = never>(options: {
  readonly about: string
  readonly shape: Shape
  readonly shorthand?: { readonly rule: string; expand(text: Short): object }
}): Section<Shape, Short> {
  const { about, shape, shorthand } = options
  const rule = shorthand === undefined ? 'an object' : `an object or ${shorthand.rule}`
  const object = z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? unknownKeys(issue.keys as string[], Object.keys(shape))
        : mustBe(rule, issue.input),
  })
  const expand = (value: unknown) =>
    // The check of the long form follows, so anything may be tried here: it names the values, and the unit a number lacks.
    (typeof value === 'string' || typeof value === 'number') && shorthand !== undefined
      ? shorthand.expand(value as Short)
      : value
  return {
    about,
    shape,
    shorthand: shorthand?.rule,
    schema: z.preprocess((value) => withoutOwnKeys(expand(value)), object),
    expand,
  }
}

function withoutOwnKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith('x-')))
}

// One line each: `problemsOf` puts the path before every line.
function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  return keys.map((key) => `${showPath([key])}: unknown key${didYouMean(key, known)}`).join('\n')
}
