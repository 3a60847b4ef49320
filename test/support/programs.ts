import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'node:test'

/** The path of a program; without it the test is skipped and says why. */
export function programOrSkip(t: TestContext, name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  const path = folders.map((folder) => join(folder, name)).find(isExecutable)
  if (path === undefined) t.skip(`${name} is not installed`)
  return path
}

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
