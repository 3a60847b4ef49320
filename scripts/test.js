#!/usr/bin/env node
// node scripts/test.js [unit|integration|system] [--node 24] [file…]
//
// Builds, then runs every test file in a process of its own, on every version of Node the suite is for. The whole
// system under test runs on that Node. The last line is the total.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { basename, delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from './build.js'
import { ensureSystemPackages } from './system-packages.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const reporter = join(root, 'scripts', 'test-reporter.js')
const CURRENT = process.versions.node.split('.')[0]
const SUITES = [
  { name: 'unit', versions: [CURRENT, '22', '24', '26'], fileTimeoutMs: 60_000 },
  { name: 'integration', versions: [CURRENT, '24', '26'], fileTimeoutMs: 300_000 },
  { name: 'system', versions: [CURRENT, '26'], fileTimeoutMs: 600_000 },
]
const AT_THE_SAME_TIME = 3

process.exitCode = (await main()) ? 0 : 1

async function main() {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { node: { type: 'string' } } })
  if (!build({ withTests: true })) return false
  const jobs = jobsOf(positionals, values.node)
  ensureNodes(jobs.map(({ version }) => version))
  if (jobs.some(({ suite }) => suite.name !== 'unit')) ensureSystemPackages()
  // Below /tmp by its shortest name: paths of unix sockets end after 107 bytes.
  const scratch = mkdtempSync('/tmp/upkeep-run-')
  // Apps that run as other users look for a package.json from their folder upwards.
  chmodSync(scratch, 0o711)
  try {
    const results = await runAll(jobs, scratch)
    const left = leftBehind(scratch)
    for (const line of left) console.log(`left behind: ${line}`)
    return summary(results, left.length)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function jobsOf(positionals, onlyVersion) {
  const suiteNames = positionals.filter((word) => SUITES.some(({ name }) => name === word))
  const files = positionals.filter((word) => !suiteNames.includes(word)).map((path) => basename(path))
  const suites = SUITES.filter(({ name }) => suiteNames.length === 0 || suiteNames.includes(name))
  return suites.flatMap((suite) => {
    const versions = onlyVersion !== undefined ? [onlyVersion] : files.length > 0 ? [CURRENT] : suite.versions
    const chosen = filesOf(suite).filter(
      (file) => files.length === 0 || files.some((name) => isNamed(file, name)),
    )
    return [...new Set(versions)].flatMap((version) => chosen.map((file) => ({ suite, version, file })))
  })
}

function filesOf({ name }) {
  const folder = join(root, 'dist-test', 'test', name)
  if (!existsSync(folder)) return []
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.test.js'))
  return files.sort().map((file) => join(folder, file))
}

function isNamed(file, name) {
  return basename(file, '.test.js') === name.replace(/(\.test)?(\.[jt]s)?$/, '')
}

async function runAll(jobs, scratch) {
  const results = []
  const waiting = [...jobs.entries()]
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, job] = next
      results[index] = await runFile(job, join(scratch, String(index)), scratch)
      printResult(job, results[index])
    }
  }
  await Promise.all(Array.from({ length: AT_THE_SAME_TIME }, lane))
  return results
}

function runFile({ suite, version, file }, events, scratch) {
  const node = nodeBinary(version)
  if (node === undefined) {
    const reason = `no binary of Node ${version} for this platform`
    return { tests: [{ name: file, outcome: 'skipped', reason }], output: '', seconds: 0 }
  }
  const startedMs = performance.now()
  const args = [
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${events}`,
    '--enable-source-maps',
    file,
  ]
  const env = { ...process.env, PATH: [dirname(node), process.env.PATH].join(delimiter), TMPDIR: scratch }
  return new Promise((done) => {
    const child = spawn(node, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const deadline = setTimeout(() => child.kill('SIGKILL'), suite.fileTimeoutMs)
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk) => {
        output += chunk
      })
    }
    child.once('close', (code, signal) => {
      clearTimeout(deadline)
      const tests = readTests(events)
      if (code !== 0 && !tests.some(({ outcome }) => outcome === 'failed')) {
        const how =
          signal === null ? `exit status ${code}` : `${signal} after ${suite.fileTimeoutMs / 1000} s at most`
        tests.push({ name: 'the file ends', outcome: 'failed', error: `${how}\n${output}` })
      }
      done({ tests, output, seconds: (performance.now() - startedMs) / 1000 })
    })
  })
}

function nodeBinary(version) {
  if (version === CURRENT) return process.execPath
  const binary = resolve(root, 'test', 'nodes', 'node_modules', `node-${version}`, 'bin', 'node')
  return existsSync(binary) ? binary : undefined
}

/** The other versions of Node come as packages of npm, which need no script to install. */
function ensureNodes(versions) {
  if (versions.every((version) => nodeBinary(version) !== undefined)) return
  if (process.platform !== 'linux' || process.arch !== 'x64') return
  console.log('installing with npm: Node 22, 24 and 26, in test/nodes')
  const folder = join(root, 'test', 'nodes')
  spawnSync('npm', ['install', '--no-progress', '--no-package-lock'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

function readTests(events) {
  if (!existsSync(events)) return []
  return readFileSync(events, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
}

function printResult({ suite, version, file }, { tests, output, seconds }) {
  const failed = tests.filter(({ outcome }) => outcome === 'failed')
  const passed = tests.filter(({ outcome }) => outcome === 'passed').length
  const mark = failed.length > 0 ? 'FAILED' : 'ok    '
  const where = `node ${version} ${suite.name}/${basename(file, '.test.js')}`
  console.log(
    `${mark} ${where.padEnd(48)} ${String(passed).padStart(3)} passed ${seconds.toFixed(1).padStart(6)} s`,
  )
  for (const { name, error } of failed) console.log(`\n  × ${name}\n${indented(error)}\n`)
  if (failed.length > 0 && output.trim() !== '') console.log(`${indented(output.trim())}\n`)
}

function indented(text) {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}

/** Processes that still have our folder in their environment, command line or working folder. */
function leftBehind(scratch) {
  const own = String(process.pid)
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && pid !== own)
    .flatMap((pid) => {
      const about = ['environ', 'cmdline'].map((name) =>
        tryRead(() => readFileSync(`/proc/${pid}/${name}`, 'utf8')),
      )
      about.push(tryRead(() => readlinkSync(`/proc/${pid}/cwd`)))
      const isOurs = about.some((text) => text.includes(scratch))
      return isOurs ? [`${pid} ${about[1].replaceAll('\0', ' ').trim()}`] : []
    })
}

function tryRead(read) {
  try {
    return read()
  } catch {
    return ''
  }
}

function summary(results, leftCount) {
  const tests = results.flatMap((result) => result.tests)
  const count = (wanted) => tests.filter(({ outcome }) => outcome === wanted).length
  const skipped = tests.filter(({ outcome }) => outcome === 'skipped')
  const reasons = new Map()
  for (const { reason } of skipped) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  for (const [reason, times] of reasons) console.log(`skipped ${times}: ${reason}`)
  const failed = count('failed') + leftCount
  const shownSkips = skipped.length > 0 ? `, ${skipped.length} skipped` : ''
  console.log(`${count('passed')} passed, ${failed} failed${shownSkips}`)
  // What a machine cannot do whatever is installed, such as booting another one inside a container, is no failure there.
  const isComplete =
    skipped.every(({ reason }) => reason.startsWith('impossible here: ')) || process.env.CI !== 'true'
  return failed === 0 && isComplete && count('passed') > 0
}
