import type { Palette } from './palette.ts'
import { palette } from './palette.ts'

export interface Stream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): boolean
}

/** stdout is the answer, stderr is the conversation. */
export class Output {
  readonly isTty: boolean
  /** Columns of the terminal; without one nothing is cut. */
  readonly width: number
  readonly errorWidth: number
  /** Colours for stdout. */
  readonly color: Palette
  /** Colours for stderr. */
  readonly errorColor: Palette
  readonly isErrorTty: boolean
  /** For a command that has to end in order when nobody takes its answer any more; others just end. */
  onLost: (() => void) | undefined
  readonly #answer: Stream
  readonly #conversation: Stream

  constructor(answer: Stream, conversation: Stream, env: NodeJS.ProcessEnv) {
    this.#answer = answer
    this.#conversation = conversation
    this.isTty = answer.isTTY === true
    this.isErrorTty = conversation.isTTY === true
    this.width = widthOf(answer)
    this.errorWidth = widthOf(conversation)
    this.color = palette(wantsColor(this.isTty, env))
    this.errorColor = palette(wantsColor(this.isErrorTty, env))
  }

  /** A part of the answer, with the line's end. */
  print(line = ''): void {
    this.#answer.write(`${line}\n`)
  }

  printJson(value: unknown): void {
    this.print(this.isTty ? JSON.stringify(value, null, 2) : JSON.stringify(value))
  }

  write(text: string): void {
    this.#answer.write(text)
  }

  /** Something to the person, which is not the answer. */
  say(line: string): void {
    this.#conversation.write(`${line}\n`)
  }

  sayRaw(text: string): void {
    this.#conversation.write(text)
  }
}

function widthOf({ isTTY, columns }: Stream): number {
  if (isTTY !== true) return Number.POSITIVE_INFINITY
  return columns === undefined || columns === 0 ? 80 : columns
}

/** https://no-color.org and https://force-color.org */
function wantsColor(isTty: boolean, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0'
  return isTty && env.TERM !== 'dumb'
}
