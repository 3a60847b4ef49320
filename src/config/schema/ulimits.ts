import { isLimit, type Limit } from '../rules/limit.ts'
import { field } from './field.ts'
import { optional, section } from './section.ts'

export const ulimitsSection = section({
  about: 'Limits of the operating system, set as ulimit(1) does before the program starts.',
  shape: {
    as: limit('Address space, in KB.'),
    core: limit('Size of core dumps, in blocks.'),
    cpu: limit('Processor time, in seconds.'),
    data: limit('Data segment, in KB.'),
    fsize: limit('Size of files written, in blocks.'),
    memlock: limit('Locked memory, in KB.'),
    nofile: limit('Open files and connections.'),
    nproc: limit('Processes of the user.'),
    rss: limit('Resident memory, in KB; Linux ignores it.'),
    stack: limit('Stack, in KB.'),
  },
})

function limit(about: string) {
  return optional(
    about,
    field<Limit>('a whole number from 0, or "unlimited"', (value) => (isLimit(value) ? value : undefined)),
  )
}
