// Checks data that comes from another process or from disk: a shape is a function that tells every problem of a value, with
// its path. For what users write, `config` has richer rules; this costs a daemon nothing.

/** Returns a line per problem: `path: what must be`. */
export type Shape = (value: unknown, path: string) => readonly string[]

export function rule(
  expected: string,
  fits: (value: unknown) => boolean,
  show: (value: unknown) => string,
): Shape {
  return (value, path) => {
    if (fits(value)) return []
    const got =
      value === undefined ? `is missing: must be ${expected}` : `must be ${expected}, got ${show(value)}`
    return [path === '' ? got : `${path}: ${got}`]
  }
}

export function nullable(shape: Shape): Shape {
  return (value, path) => (value === null ? [] : shape(value, path))
}

/** An object with exactly these keys. */
export function exactly(shapes: Readonly<Record<string, Shape>>, show: (value: unknown) => string): Shape {
  const isObject = rule('an object', isPlainRecord, show)
  return (value, path) => {
    if (!isPlainRecord(value)) return isObject(value, path)
    const at = (key: string) => (path === '' ? key : `${path}.${key}`)
    const own = (key: string) => (Object.hasOwn(value, key) ? value[key] : undefined)
    const wrong = Object.entries(shapes).flatMap(([key, shape]) => shape(own(key), at(key)))
    const unknown = Object.keys(value).filter((key) => !Object.hasOwn(shapes, key))
    return [...wrong, ...unknown.map((key) => `${at(key.slice(0, 60))}: unknown key`)]
  }
}

function isPlainRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
