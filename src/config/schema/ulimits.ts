import { isLimit, type Limit } from '../rules/limit.ts'
import { field } from './field.ts'
import { optional, section } from './section.ts'

export const ulimitsSection = section({
  about:
    'Limits of the operating system, soft and hard, set by prlimit(1) before the program starts; numbers as setrlimit(2) has them: bytes, seconds or a count.',
  shape: {
    as: limit('Address space, in bytes.'),
    core: limit('Size of core dumps, in bytes.'),
    cpu: limit('Processor time, in seconds.'),
    data: limit('Data segment, in bytes.'),
    fsize: limit('Size of files written, in bytes.'),
    memlock: limit('Locked memory, in bytes.'),
    nofile: limit('Open files and connections.'),
    nproc: limit('Processes of the user.'),
    rss: limit('Resident memory, in bytes; Linux ignores it.'),
    stack: limit('Stack, in bytes.'),
  },
})

function limit(about: string) {
  return optional(
    about,
    field<Limit>('a whole number from 0, or "unlimited"', (value) => (isLimit(value) ? value : undefined)),
  )
}
