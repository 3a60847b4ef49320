import { existsSync, readFileSync } from 'node:fs'
import { Failure } from '../../base/failure.ts'
import { homeMark, MARK } from '../../export/boot-service.ts'

/** Throws when the file is there and was not written by us. */
export function refuseForeignFile(path: string): void {
  const text = tryRead(path)
  if (text === undefined || isOurs(text)) return
  throw new Failure('FILE_FOREIGN', `Cannot write ${path}: it is there, and not of "upkeep startup"`, {
    hint: 'Remove it if nobody needs it, or choose another name with --name',
  })
}

/** A second user of the machine gets a service of its own. */
export function refuseOtherHome(path: string, home: string): void {
  const text = tryRead(path)
  if (text === undefined || startsHome(text, home)) return
  throw new Failure('FILE_FOREIGN', `Cannot change ${path}: it starts the daemon of another home`, {
    hint: 'Choose another name with --name, or that home with --home or --as',
  })
}

export function isOurs(text: string): boolean {
  return text.includes(MARK)
}

/** True when the file starts the daemon of this home. */
export function startsHome(text: string, home: string): boolean {
  return text.includes(homeMark(home))
}

export function tryRead(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
