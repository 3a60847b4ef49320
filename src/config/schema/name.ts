import { nameProblem } from '../rules/name-rule.ts'
import { field } from './field.ts'

export function nameField() {
  return field<string>('text', (value, refuse) => {
    if (typeof value !== 'string') return undefined
    const problem = nameProblem(value)
    return problem === undefined ? value : refuse(problem)
  })
}
