#!/usr/bin/env node
// Compiles src/ to dist/ (and with --test the tests to dist-test/). `npm run build` and `npm test` call it.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildSync } from 'esbuild'

/** In dist, without a source of the same name. */
const BUNDLES = ['preload', 'bundle']
const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Compiles everything; returns false, after the compiler has said why, when a type does not fit. */
export function build({ withTests = false } = {}) {
  const startedMs = performance.now()
  const projects = ['tsconfig.json', 'tsconfig.agent.json', ...(withTests ? ['tsconfig.test.json'] : [])]
  const isSound = projects.map(compile).every(Boolean)
  if (isSound) bundle()
  finishDist()
  removeStale('dist', 'src')
  if (withTests) removeStale('dist-test', '.')
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  console.error(isSound ? `built in ${seconds} s` : `the build failed after ${seconds} s`)
  return isSound
}

function compile(project) {
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const { status, error } = spawnSync(tsc, ['-p', project], { cwd: root, stdio: 'inherit' })
  if (error) throw error
  return status === 0
}

/** One file for each program that has to start fast: a worker's preloads, and the daemon that comes after a death. */
function bundle() {
  for (const folder of BUNDLES) rmSync(join(root, 'dist', folder), { recursive: true, force: true })
  const preload = join(root, 'dist', 'preload')
  bundleTo(join(preload, 'agent'), 'cjs', [
    'src/agent/main.ts',
    'src/agent/cluster-child.ts',
    'src/agent/inherited-socket.ts',
  ])
  writeFileSync(join(preload, 'package.json'), '{ "type": "commonjs" }\n')
  bundleTo(join(root, 'dist', 'bundle', 'daemon'), 'esm', ['src/daemon/main.ts'])
}

function bundleTo(outdir, format, entryPoints) {
  buildSync({
    absWorkingDir: root,
    entryPoints,
    outdir,
    bundle: true,
    platform: 'node',
    format,
    packages: 'external',
    target: 'node20.19',
    sourcemap: true,
    logLevel: 'warning',
  })
}

function finishDist() {
  const bin = join(root, 'dist', 'cli', 'main.js')
  if (existsSync(bin)) chmodSync(bin, 0o755)
}

/** Output whose source is gone would still be found by an import, and would be published. */
function removeStale(output, source) {
  const folder = join(root, output)
  if (!existsSync(folder)) return
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (BUNDLES.some((bundle) => path.startsWith(join(folder, bundle)))) continue
    const module = path.match(/^(.*?)(?:\.d\.ts|\.js)(?:\.map)?$/)?.[1]
    if (module === undefined) continue
    if (!existsSync(join(root, source, `${relative(folder, module)}.ts`))) rmSync(path, { force: true })
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = build({ withTests: process.argv.includes('--test') }) ? 0 : 1
}
