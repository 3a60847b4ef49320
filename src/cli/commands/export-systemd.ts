import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { writeAtomically } from '../../base/atomic-file.ts'
import { Failure } from '../../base/failure.ts'
import { nearestName } from '../../base/nearest-name.ts'
import { PACKAGE_FOLDER } from '../../base/package.ts'
import { hideSecrets } from '../../config/spec/hide-secrets.ts'
import type { BootAccount } from '../../export/boot-service.ts'
import { pathsOf, renderAppUnits, type UnitFile, unitName } from '../../export/systemd/app-units.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'
import { accountNamed, ownAccount } from '../boot/accounts.ts'
import { tellClosedHomes, tryRealPath } from '../boot/closed-homes.ts'
import type { Context } from '../command.ts'
import { hasOption, textOption } from '../command.ts'
import { cleanText } from '../terminal/clean-text.ts'

/** Prints or writes the units of one app. Throws APP_NOT_FOUND, and what loading its config throws. */
export async function exportSystemd(context: Context, name: string): Promise<undefined> {
  const spec = await findSpec(context, name)
  const folder = textOption(context, 'output')
  const shown = hideSecrets(spec, { show: folder !== undefined })
  const account = accountOf(context, spec)
  const user = account.uid === 0 ? null : account.name
  const files = renderAppUnits(shown, { user, preload: readPreload(), realPath: tryRealPath })
  const warnings = warningsOn(spec, account)
  if (folder !== undefined) await write(files, resolve(context.cwd, folder))
  const install = howToInstall(unitName(spec.name), files, folder)
  if (hasOption(context, 'json'))
    context.out.printJson({ files: shownFiles(files, folder), warnings, install })
  else tell(context, { files, folder, warnings, install })
  return undefined
}

interface Told {
  readonly files: readonly UnitFile[]
  readonly folder: string | undefined
  readonly warnings: readonly string[]
  readonly install: readonly string[]
}

function tell(context: Context, { files, folder, warnings, install }: Told): void {
  const { out } = context
  if (folder === undefined) print(context, files)
  else for (const { path } of files) out.print(join(folder, basename(path)))
  for (const warning of warnings) out.say(`${warning}.`)
  const first = folder === undefined ? 'write them with --output <folder>; then, as root:' : 'as root:'
  out.say(`To install them, ${first}`)
  for (const command of install) out.say(`  ${command}`)
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

function accountOf(context: Context, { runAs }: AppSpec): BootAccount {
  const given = textOption(context, 'as') ?? runAs?.user ?? context.env.SUDO_USER
  return given === undefined ? ownAccount() : accountNamed(given)
}

function warningsOn(spec: AppSpec, account: BootAccount): string[] {
  const root =
    'The units run the app as root, though without its rights over what belongs to others: better use --as <user>'
  return [...(account.uid === 0 ? [root] : []), ...tellClosedHomes(pathsOf(spec), account)]
}

function readPreload(): string {
  const path = join(PACKAGE_FOLDER, 'dist', 'preload', 'agent', 'inherited-socket.js')
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

async function write(files: readonly UnitFile[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const { path, text, mode } of files) await writeAtomically(join(folder, basename(path)), text, mode)
}

/** Of what was written, where it is and nothing of what is in it. */
function shownFiles(files: readonly UnitFile[], folder: string | undefined): object[] {
  return files.map(({ path, text, mode }) => ({
    ...(folder === undefined ? { path, text } : { path: join(folder, basename(path)) }),
    mode: mode.toString(8),
  }))
}

function howToInstall(app: string, files: readonly UnitFile[], folder = '<folder>'): string[] {
  const copies = files.map(({ path, mode }) => {
    return `install -D -m ${mode.toString(8)} ${join(folder, basename(path))} ${path}`
  })
  return [...copies, 'systemctl daemon-reload', `systemctl enable --now ${app}.target`]
}
