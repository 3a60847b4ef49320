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
import type { Context } from '../command.ts'
import { textOption } from '../command.ts'
import { cleanText } from '../terminal/clean-text.ts'

/** Prints or writes the units of one app. Throws APP_NOT_FOUND, and what loading its config throws. */
export async function exportSystemd(context: Context, name: string): Promise<undefined> {
  const spec = await findSpec(context, name)
  const folder = textOption(context, 'output')
  const shown = hideSecrets(spec, { show: folder !== undefined })
  const files = renderAppUnits(shown, { user: userOf(context, spec), preload: readPreload() })
  if (folder === undefined) print(context, files)
  else await write(context, files, resolve(context.cwd, folder))
  for (const line of howToInstall(unitName(spec.name), files, folder)) context.out.say(line)
  return undefined
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

function howToInstall(app: string, files: readonly UnitFile[], folder?: string): string[] {
  const copies = files.map(({ path, mode }) => {
    return `  install -D -m ${mode.toString(8)} ${join(folder ?? '<folder>', basename(path))} ${path}`
  })
  return [
    folder === undefined
      ? 'To install them, write them with --output <folder>; then, as root:'
      : 'To install them, as root:',
    ...copies,
    '  systemctl daemon-reload',
    `  systemctl enable --now ${app}.target`,
  ]
}
