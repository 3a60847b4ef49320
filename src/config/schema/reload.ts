import { RELOAD_ORDERS } from '../rules/choices.ts'
import { choice, whole } from './field.ts'
import { defaulted, section } from './section.ts'

export const reloadSection = section({
  about: 'How workers are replaced by new ones.',
  shape: {
    order: defaulted(
      '`start-first`: the new worker is ready before the old one is drained; `stop-first`: the old one has ended before the new one starts, for apps of which two must never run at once.',
      'start-first',
      choice(RELOAD_ORDERS),
    ),
    parallel: defaulted('How many instances are replaced at the same time.', 1, whole(1, 1000)),
  },
  shorthand: {
    rule: 'the value of `order`',
    expand: (order: (typeof RELOAD_ORDERS)[number]) => ({ order }),
  },
})
