// A preload: the clock of people is off by as many milliseconds as the file CLOCK_OFFSET says; durations are as they are.
const { readFileSync } = require('node:fs')

const RealDate = Date
const file = process.env.CLOCK_OFFSET

function now() {
  try {
    return RealDate.now() + Number(readFileSync(file, 'utf8'))
  } catch {
    return RealDate.now()
  }
}

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(now())
    else super(...args)
  }

  static now() {
    return now()
  }
}
