import { Failure } from '../base/failure.ts'

export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= least && value <= most) return value
  throw new Failure(
    'USAGE',
    `Cannot read ${option} "${text.slice(0, 50)}": it must be a number from ${least} to ${most}`,
  )
}
