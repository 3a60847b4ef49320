// What the user wants run: a script with options, or a config file.
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Failure } from '../base/failure.ts'
import type { AppSpec } from '../protocol/app-spec.ts'
import type { Context, OptionSpec } from './command.ts'
import { hasOption, textOption } from './command.ts'

export const SCRIPT_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '-i, --instances <count>',
    help: 'how many: a number, max or 0 (one per core), -1 (one core less)',
  },
  { flags: '--name <name>', help: 'the name of the app' },
  { flags: '--cwd <folder>', help: 'the folder to run it in' },
  { flags: '--interpreter <program>', help: 'what runs the script' },
  { flags: '--interpreter-args <args>', help: 'arguments for the interpreter' },
  { flags: '--ready <when>', help: 'auto, listening, message or started' },
  { flags: '--env <name>', help: 'the environment of the config to use, such as production' },
]

export interface Wish {
  readonly specs: readonly AppSpec[]
  /** The config file; null for a script. */
  readonly source: string | null
  /** Apps that cannot be started, with --keep-going. */
  readonly failures: readonly Failure[]
}

export async function readWish(context: Context, what: string | undefined): Promise<Wish> {
  const { findConfig, isConfigName } = await import('../config/file/find-config.ts')
  const file = what === undefined ? findConfig(context.cwd) : what
  if (file === undefined) throw nothingToStart(context.cwd)
  return isConfigName(file) ? await readConfigFile(context, file) : await readScript(context, file)
}

async function readConfigFile(context: Context, file: string): Promise<Wish> {
  const scriptOnly = ['name', 'cwd', 'interpreter', 'interpreterArgs', 'ready']
  const misplaced = scriptOnly.find((option) => context.options[option] !== undefined)
  if (misplaced !== undefined || context.rest.length > 0) {
    throw new Failure('USAGE', 'Cannot combine a config with options of a script', {
      hint: 'Put them into the config, or name a script instead',
    })
  }
  const { loadConfig } = await import('../config/load-config.ts')
  const loaded = await loadConfig({
    file: resolve(context.cwd, file),
    environment: textOption(context, 'env'),
    processEnv: context.env,
    keepGoing: hasOption(context, 'keepGoing'),
  })
  return { specs: await scaled(context, loaded.apps), source: loaded.file, failures: loaded.failures }
}

/** `--instances` counts instead of what the config says, if that has one app. */
async function scaled(context: Context, specs: readonly AppSpec[]): Promise<readonly AppSpec[]> {
  const text = textOption(context, 'instances')
  if (text === undefined) return specs
  const [only, ...others] = specs
  if (only === undefined || others.length > 0) {
    throw new Failure('USAGE', `Cannot use --instances with a config of ${specs.length} apps`, {
      hint: 'Write it into the config, or use "upkeep scale" afterwards',
    })
  }
  const { countInstances } = await import('../config/schema/instances.ts')
  const written = readInstances(text)
  return [{ ...only, instances: countInstances(written === 'max' ? 0 : written, availableParallelism()) }]
}

async function readScript(context: Context, script: string): Promise<Wish> {
  if (context.options.env !== undefined) {
    throw new Failure('USAGE', 'Cannot use --env with a script: environments are part of a config', {
      hint: 'Set variables in front of the command: PORT=3000 upkeep start server.js',
    })
  }
  const { specFromScript } = await import('../config/spec-from-script.ts')
  const folder = textOption(context, 'cwd')
  const spec = await specFromScript({
    script,
    args: [...context.rest],
    cwd: folder === undefined ? context.cwd : resolve(context.cwd, folder),
    processEnv: context.env,
    ...given(context, 'name', (text) => text),
    ...given(context, 'instances', readInstances),
    ...given(context, 'interpreter', (text) => text),
    ...given(context, 'interpreterArgs', (text) => text),
    ...given(context, 'ready', (text) => text as 'auto'),
  })
  return { specs: [spec], source: null, failures: [] }
}

function given<Name extends string, Value>(
  context: Context,
  name: Name,
  read: (text: string) => Value,
): { [key in Name]?: Value } {
  const text = textOption(context, name)
  return text === undefined ? {} : ({ [name]: read(text) } as { [key in Name]: Value })
}

function readInstances(text: string): number | 'max' {
  if (text === 'max') return text
  if (/^-?\d{1,4}$/.test(text)) return Number(text)
  throw new Failure('USAGE', `Cannot read --instances "${text.slice(0, 50)}"`, {
    hint: 'It is a number, "max", or a negative number to leave cores free',
  })
}

function nothingToStart(cwd: string): Failure {
  return new Failure('CONFIG_NOT_FOUND', `Cannot find a config: there is no upkeep.config.* in ${cwd}`, {
    hint: 'Go where it is, or name a script: "upkeep start server.js"',
  })
}
