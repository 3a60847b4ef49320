import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json: the same for a test that runs from dist-test. */
export const packageRoot = rootAbove(dirname(fileURLToPath(import.meta.url)))

/** The absolute path of a program in test/apps. */
export function testApp(name: string): string {
  return join(packageRoot, 'test', 'apps', name)
}

function rootAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootAbove(dirname(folder))
}
