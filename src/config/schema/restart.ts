import { RESTART_POLICIES } from '../rules/choices.ts'
import { TIME_LIMITS } from '../rules/times.ts'
import { choice, duration, orNull, whole } from './field.ts'
import { defaulted, section } from './section.ts'

export const restartSection = section({
  about: 'What happens when a worker ends by itself.',
  shape: {
    policy: defaulted(
      'When a worker that ended is started again. `on-failure`: unless it ended with exit status 0.',
      'always',
      choice(RESTART_POLICIES),
    ),
    backoff: defaulted(
      'The first restart is immediate; this is the wait before the second, and it doubles each time.',
      '100ms',
      duration(TIME_LIMITS.backoff),
    ),
    maxBackoff: defaulted('The longest wait between two restarts.', '30s', duration(TIME_LIMITS.maxBackoff)),
    maxRestarts: defaulted(
      'Give up after so many crashes in a row.',
      null,
      orNull(whole(0, 1_000_000), 'never'),
    ),
    minUptime: defaulted(
      'A worker that lived this long was stable: the next crash counts as the first again.',
      '10s',
      duration(TIME_LIMITS.minUptime),
    ),
  },
  shorthand: {
    rule: 'the value of `policy`',
    expand: (policy: (typeof RESTART_POLICIES)[number]) => ({ policy }),
  },
})
