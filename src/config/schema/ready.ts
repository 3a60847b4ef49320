import { READY_WHEN } from '../rules/choices.ts'
import { TIME_LIMITS } from '../rules/times.ts'
import { choice, duration } from './field.ts'
import { defaulted, section } from './section.ts'

export const readySection = section({
  about: 'When a worker is ready, which means that it may take traffic and that a reload may go on.',
  shape: {
    when: defaulted(
      'What makes a worker ready. `auto`: it listens, or it stays up for a while if it never listens; `listening`: only that it listens; `message`: it calls `process.send("ready")`; `started`: it runs.',
      'auto',
      choice(READY_WHEN),
    ),
    timeout: defaulted(
      'How long a worker may take to become ready. After that the start or reload has failed.',
      '30s',
      duration(TIME_LIMITS.readyTimeout),
    ),
  },
  shorthand: {
    rule: 'the value of `when`',
    expand: (when: (typeof READY_WHEN)[number]) => ({ when }),
  },
})
