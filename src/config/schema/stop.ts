import { didYouMean } from '../../base/nearest-name.ts'
import { isSignal, SIGNALS } from '../rules/signal.ts'
import { TIME_LIMITS } from '../rules/times.ts'
import { duration, field } from './field.ts'
import { defaulted, section } from './section.ts'
import { show } from './show.ts'

const RULE = 'the name of a signal, such as "SIGTERM"'

export const stopSection = section({
  about: 'How a worker is asked to end.',
  shape: {
    signal: defaulted(
      'The signal a worker gets.',
      'SIGTERM',
      field<string, NodeJS.Signals>(RULE, (value, refuse) => {
        if (typeof value !== 'string') return undefined
        if (isSignal(value)) return value
        const longName = `SIG${value}`
        if (isSignal(longName)) return longName
        return refuse(`must be ${RULE}, got ${show(value)}${didYouMean(value, SIGNALS)}`)
      }),
    ),
    timeout: defaulted(
      'How long a worker may take to finish what it has begun. After that it and its children are killed.',
      '30s',
      duration(TIME_LIMITS.stopTimeout),
    ),
  },
  shorthand: {
    rule: 'the value of `timeout` or `signal`',
    expand: (text: string) => (/^SIG/.test(text) ? { signal: text } : { timeout: text }),
  },
})
