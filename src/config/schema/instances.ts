import { MOST_INSTANCES } from '../rules/choices.ts'
import { field } from './field.ts'

const RULE = `a whole number from -${MOST_INSTANCES} to ${MOST_INSTANCES}, or "max"`

/** As written: 0 and `max` are one per core, a negative number leaves that many cores free. */
export function instancesField() {
  return field<number | 'max' | `${number}`, number>(RULE, (value) => {
    if (value === 'max') return 0
    // A number in quotes comes from the command line and from YAML.
    const count = typeof value === 'string' && /^[+-]?\d{1,5}$/.test(value) ? Number(value) : value
    return typeof count === 'number' && Number.isInteger(count) && Math.abs(count) <= MOST_INSTANCES
      ? count
      : undefined
  })
}

export function countInstances(written: number, cores: number): number {
  return written > 0 ? written : Math.max(1, cores + written)
}
