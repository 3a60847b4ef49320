import { join } from 'node:path'
import type { BootService } from './boot-service.ts'

/** A command of Upkeep for the daemon of a service. */
export function cliCommand(
  { node, packageFolder, home }: BootService,
  ...words: readonly string[]
): string[] {
  return [node, join(packageFolder, 'dist/cli/main.js'), '--home', home, ...words]
}
