import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export function packageVersion(): string {
  const text = readFileSync(packageFileAbove(dirname(fileURLToPath(import.meta.url))), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function packageFileAbove(folder: string): string {
  const file = join(folder, 'package.json')
  return existsSync(file) ? file : packageFileAbove(dirname(folder))
}
