/** A daemon that an init system starts: everything a file for it says. */
export interface BootService {
  /** The unit without its ending: `upkeep`. */
  readonly name: string
  /** Who it runs as; null for the user whose own service manager starts it. */
  readonly account: BootAccount | null
  /** The daemon's home. */
  readonly home: string
  /** The real binary of Node.js. */
  readonly node: string
  /** Arguments of Node.js: options, the daemon, its home. */
  readonly args: readonly string[]
  /** The folder of the package. */
  readonly packageFolder: string
  /** What finds the programs that the daemon runs itself. */
  readonly path: string
  /** Perl, which opens the socket for notifications; null where there is none. */
  readonly perl: string | null
  /** Folders outside the user's home in which apps may write; those that are missing are left out. */
  readonly writable: readonly string[]
  /** Apps may listen on ports below 1024. */
  readonly hasLowPorts: boolean
}

export interface BootAccount {
  readonly name: string
  readonly uid: number
  readonly home: string
}

/** On top of every file: what does not have it is somebody else's. */
export const MARK = 'Written by "upkeep startup", which replaces it'

/** Under it: whose daemon it starts. XML allows no two dashes in a comment. */
export function homeMark(home: string): string {
  return `Home: ${JSON.stringify(home).replaceAll('--', '-\\u002d')}`
}
