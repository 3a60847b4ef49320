import { existsSync, readFileSync } from 'node:fs'
import { Failure } from '../../base/failure.ts'
import { MARK } from '../../export/boot-service.ts'

/** Throws when the file is there and was not written by us. */
export function refuseForeignFile(path: string): void {
  const text = tryRead(path)
  if (text === undefined || isOurs(text)) return
  throw new Failure('FILE_FOREIGN', `Cannot write ${path}: it is there, and not of "upkeep startup"`, {
    hint: 'Remove it if nobody needs it, or choose another name with --name',
  })
}

export function isOurs(text: string): boolean {
  return text.slice(0, 500).includes(MARK)
}

export function tryRead(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}
