/** True for data with more than `most` lists and objects inside each other; it goes no deeper itself. */
export function isDeeperThan(most: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return most === 0 || Object.values(value).some((part) => isDeeperThan(most - 1, part))
}
