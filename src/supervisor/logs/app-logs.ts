import { rmSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import type { Clock } from '../../base/clock.ts'
import { isSystemError } from '../../base/failure.ts'
import { TaskQueue } from '../../base/task-queue.ts'
import type { LogSpec } from '../../protocol/app-spec.ts'
import type { LogStream } from '../../protocol/control.ts'
import { LogArchive } from './file/log-archive.ts'
import { LogFile } from './file/log-file.ts'
import { currentLogName, timesPathOf, tryParseLogName } from './file/log-name.ts'
import type { LogFeed } from './log-feed.ts'
import { LogProblems } from './log-problems.ts'
import type { Spooler } from './pipe/spooler.ts'

export interface AppLogsOptions {
  readonly app: string
  /** The folder of all logs; the app's files are in a folder of its name below. */
  readonly directory: string
  readonly spec: LogSpec
  readonly clock: Clock
  readonly feed: LogFeed
  /** Of the folder with the pipes; null where none is wanted. */
  readonly spooler: Spooler | null
  /** Something people should know, such as a full disk. Each problem is told once, and once when it is over. */
  readonly onProblem: (text: string) => void
}

/** The log files of one app: one per instance and stream, shared by the workers that follow each other there. */
export class AppLogs {
  readonly app: string
  readonly clock: Clock
  readonly feed: LogFeed
  readonly directory: string
  readonly spooler: Spooler | null
  readonly #onProblem: (text: string) => void
  readonly #problems: LogProblems
  readonly #archive: LogArchive
  readonly #background = new TaskQueue()
  readonly #closing = new AbortController()
  readonly #files = new Map<string, LogFile>()
  #spec: LogSpec
  #isTidyDue = false

  constructor(options: AppLogsOptions) {
    this.app = options.app
    this.clock = options.clock
    this.feed = options.feed
    this.spooler = options.spooler
    this.directory = join(options.directory, options.app)
    this.#spec = options.spec
    this.#onProblem = options.onProblem
    this.#problems = new LogProblems(options.onProblem)
    this.#archive = new LogArchive(this.directory)
  }

  get spec(): LogSpec {
    return this.#spec
  }

  /** What was told through `onProblem` and is not over, such as a full disk. */
  get problem(): string | null {
    return this.#problems.current
  }

  /** Something that happened once, and that people should know. */
  tell(text: string): void {
    this.#onProblem(text)
  }

  /** Holds for the next byte written; a new format begins with the next line. */
  configure(spec: LogSpec): void {
    this.#spec = spec
    this.#tidySoon()
  }

  file(instance: number, stream: LogStream): LogFile {
    const path = this.#pathOf(instance, stream)
    const file = this.#files.get(path) ?? this.#newFile(path)
    this.#files.set(path, file)
    return file
  }

  /** Whether the feed will bring a whole line of which only the beginning is in the file now. */
  isInLine(instance: number, stream: LogStream): boolean {
    return this.#files.get(this.#pathOf(instance, stream))?.isInLine === true
  }

  /** Removes the rotated files and begins new, empty ones. */
  async flush(): Promise<void> {
    await this.#background.run(async () => {
      // In one turn of the event loop: what is rotated after that comes after the flush.
      const rotated = this.#archive.pathsNow()
      for (const file of this.#files.values()) file.discard()
      for (const path of rotated) rmSync(path, { force: true })
      await this.#removeUnused()
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    for (const file of this.#files.values()) file.close()
    await this.#background.idle()
  }

  #pathOf(instance: number, stream: LogStream): string {
    return join(this.directory, currentLogName(instance, stream))
  }

  #newFile(path: string): LogFile {
    // The daemon before this one may have been killed in the middle of a compression.
    this.#tidySoon()
    return new LogFile({
      path,
      clock: this.clock,
      spec: () => this.#spec,
      onRotated: () => this.#tidySoon(),
      onRefusal: (refused, reason) => this.#noteRefusal(refused, reason),
      onRotationRefused: (refused, reason) => this.#noteRotation(refused, reason),
      onProblem: this.#onProblem,
    })
  }

  #tidySoon(): void {
    if (this.#isTidyDue) return
    this.#isTidyDue = true
    this.#background.run(() => this.#tidy()).catch((error: Error) => this.#noteTidyProblem(error))
  }

  async #tidy(): Promise<void> {
    this.#isTidyDue = false
    if (this.#closing.signal.aborted) return
    await this.#archive.tidy(this.#spec, this.#closing.signal)
    this.#problems.end('tidying', this.directory, `Tidying the old logs of "${this.app}" works again`)
  }

  #noteTidyProblem(error: Error): void {
    if (error.name === 'AbortError') return
    const text = `Cannot tidy the old logs of "${this.app}" in ${this.directory}: ${error.message}`
    this.#problems.begin('tidying', this.directory, text)
  }

  #noteRotation(path: string, reason: string | null): void {
    if (reason === null)
      this.#problems.end('rotating', path, `Rotating the logs of "${this.app}" works again`)
    else this.#problems.begin('rotating', path, `Cannot rotate ${path}: ${reason}; it grows on`)
  }

  #noteRefusal(path: string, reason: string | null): void {
    if (reason === null) {
      const text = `Writing the logs of "${this.app}" works again; nothing was lost`
      // What kept the files from being written may have kept them from being tidied.
      this.#tidySoon()
      this.#problems.end('writing', path, text)
    } else {
      const text = `Cannot write the logs of "${this.app}": ${reason}; what it writes waits in its pipes until this works again`
      this.#problems.begin('writing', path, text)
    }
  }

  /** Files of instances that do not run now; the others have a new file already. */
  async #removeUnused(): Promise<void> {
    for (const name of await namesIn(this.directory)) {
      const path = join(this.directory, name)
      const parsed = tryParseLogName(name)
      if (parsed?.kind !== 'plain' || parsed.rotatedAt !== null || this.#files.get(path)?.isOpen) continue
      rmSync(path, { force: true })
      rmSync(timesPathOf(path), { force: true })
    }
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}
