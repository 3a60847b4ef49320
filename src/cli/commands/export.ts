import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeAtomically } from '../../base/atomic-file.ts'
import { Failure } from '../../base/failure.ts'
import { nearestName } from '../../base/nearest-name.ts'
import { hideSecrets } from '../../config/spec/hide-secrets.ts'
import { renderAppUnits, type UnitFile, unitName } from '../../export/systemd/app-units.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import { accountNamed, ownAccount } from '../boot/accounts.ts'
import type { Command, Context } from '../command.ts'
import { textOption } from '../command.ts'
import { cleanText } from '../terminal/clean-text.ts'

export const exportApp: Command = {
  name: 'export',
  summary: 'make systemd units that run an app without a daemon',
  usage: 'systemd <app>',
  options: [
    {
      flags: '--config <file>',
      help: "the config the app is in (upkeep.config.* here, or the daemon's app)",
    },
    { flags: '--env <name>', help: 'the environment of the config to use' },
    { flags: '--as <user>', help: 'who the app runs as' },
    { flags: '--output <folder>', help: 'write the files there; printed, they lack the secrets' },
  ],
  examples: ['upkeep export systemd web', 'upkeep export systemd web --as deploy --output units'],
  arguments: [2, 2],
  async run(context) {
    const [format = '', name = ''] = context.args
    if (format !== 'systemd') throw unknownFormat(format)
    const spec = await findSpec(context, name)
    const folder = textOption(context, 'output')
    const shown = hideSecrets(spec, { show: folder !== undefined })
    const files = renderAppUnits(shown, { user: userOf(context, spec), preload: readPreload() })
    if (folder === undefined) print(context, files)
    else await write(context, files, resolve(context.cwd, folder))
    for (const line of howToInstall(unitName(spec.name), files, folder)) context.out.say(line)
    return undefined
  },
}

async function findSpec(context: Context, name: string): Promise<AppSpec> {
  const { findConfig } = await import('../../config/file/find-config.ts')
  const file = textOption(context, 'config') ?? findConfig(context.cwd)
  if (file === undefined) return (await context.client.app(name, { showEnv: true })).spec
  const { loadConfig } = await import('../../config/load-config.ts')
  const { apps } = await loadConfig({
    file: resolve(context.cwd, file),
    environment: textOption(context, 'env'),
    processEnv: context.env,
    keepGoing: false,
  })
  const found = apps.find((app) => app.name === name)
  if (found !== undefined) return found
  const near = nearestName(
    name,
    apps.map((app) => app.name),
  )
  throw new Failure('APP_NOT_FOUND', `Cannot export "${name.slice(0, 64)}": ${file} has no such app`, {
    hint: near === undefined ? `It has ${apps.map((app) => app.name).join(', ')}` : `Did you mean "${near}"?`,
  })
}

function userOf(context: Context, { runAs }: AppSpec): string | null {
  const given = textOption(context, 'as') ?? runAs?.user ?? context.env.SUDO_USER
  const { name, uid } = given === undefined ? ownAccount() : accountNamed(given)
  if (uid !== 0) return name
  context.out.say(
    'The units run the app as root, which can be had only with a wide sandbox: use --as <user>.',
  )
  return null
}

function readPreload(): string {
  const path = fileURLToPath(new URL('../../preload/agent/inherited-socket.js', import.meta.url))
  return readFileSync(path, 'utf8')
    .replace(/^\/\/# sourceMappingURL=.*$/m, '')
    .trimEnd()
    .concat('\n')
}

/** For people to look at; the preload is long and not theirs. */
function print({ out }: Context, files: readonly UnitFile[]): void {
  for (const { path, text } of files) {
    out.print(out.color.bold(`# ${path}`))
    const shown = path.endsWith('.cjs') ? '# takes the socket from systemd' : text.trimEnd()
    for (const line of shown.split('\n')) out.print(cleanText(line))
    out.print()
  }
}

async function write({ out }: Context, files: readonly UnitFile[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const { path, text, mode } of files) {
    await writeAtomically(join(folder, basename(path)), text, mode)
    out.print(join(folder, basename(path)))
  }
}

function howToInstall(app: string, files: readonly UnitFile[], folder = '<folder>'): string[] {
  const copies = files.map(({ path, mode }) => {
    return `  install -D -m ${mode.toString(8)} ${join(folder, basename(path))} ${path}`
  })
  return [
    'To install them, as root:',
    ...copies,
    '  systemctl daemon-reload',
    `  systemctl enable --now ${app}.target`,
  ]
}

function unknownFormat(format: string): Failure {
  return new Failure('USAGE', `Cannot export "${format.slice(0, 50)}": that is not a known format`, {
    hint: 'It is systemd: upkeep export systemd <app>',
  })
}
