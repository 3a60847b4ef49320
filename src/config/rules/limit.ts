export type Limit = number | 'unlimited'

export function isLimit(value: unknown): value is Limit {
  return value === 'unlimited' || (Number.isSafeInteger(value) && Number(value) >= 0)
}
