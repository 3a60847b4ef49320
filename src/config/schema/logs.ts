import { LOG_FORMATS } from '../rules/choices.ts'
import { TIME_LIMITS } from '../rules/times.ts'
import { choice, duration, flag, orNull, size, whole } from './field.ts'
import { defaulted, section } from './section.ts'

const MIN_FILE_BYTES = 1024

export const logsSection = section({
  about: 'How the output of workers is kept.',
  shape: {
    format: defaulted(
      '`plain` keeps the bytes the app wrote; `json` writes one JSON object per line.',
      'plain',
      choice(LOG_FORMATS),
    ),
    maxSize: defaulted('A file that would grow beyond this is rotated.', '10MB', size(MIN_FILE_BYTES)),
    rotate: defaulted(
      'A file that is this old is rotated, such as `"24h"`.',
      null,
      orNull(duration(TIME_LIMITS.logRotation), 'never'),
    ),
    keep: defaulted('How many rotated files are kept per instance and stream.', 10, whole(0, 10_000)),
    maxTotal: defaulted(
      'Bound on all log files of the app together. The oldest rotated file goes first.',
      '1GB',
      size(MIN_FILE_BYTES),
    ),
    compress: defaulted('Rotated files are compressed with gzip.', true, flag()),
  },
  shorthand: {
    rule: 'the value of `format`',
    expand: (format: (typeof LOG_FORMATS)[number]) => ({ format }),
  },
})
