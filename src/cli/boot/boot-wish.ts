// What the options of `startup` and `unstartup` mean: which init system, whose daemon, which home.
import { join } from 'node:path'
import process from 'node:process'
import { Failure } from '../../base/failure.ts'
import type { BootService } from '../../export/boot-service.ts'
import { cliCommand } from '../../export/cli-command.ts'
import { shellWords } from '../../export/shell-word.ts'
import type { Context, OptionSpec } from '../command.ts'
import { hasOption, textOption } from '../command.ts'
import { accountNamed, ownAccount } from './accounts.ts'
import type { BootPlace } from './boot-plan.ts'
import { bootService } from './boot-service.ts'
import { INIT_SYSTEMS, type InitSystem, parseInit, runningInit } from './init-system.ts'

export const BOOT_OPTIONS: readonly OptionSpec[] = [
  { flags: '--user', help: 'in your own service manager, without root' },
  { flags: '--as <user>', help: 'who runs the daemon and the apps (whoever called sudo)' },
  { flags: '--name <name>', help: 'the name of the service (upkeep)' },
  { flags: '--init <system>', help: `${INIT_SYSTEMS.join(', ')} (the one that runs)` },
]

export interface ReadWish {
  readonly init: InitSystem
  readonly place: BootPlace
  readonly service: BootService
}

export function readBootWish(context: Context, isDryRun: boolean): ReadWish {
  // First, because a folder that was forgotten makes the next option one.
  const writable = readFolders(context)
  const init = chosenInit(context, isDryRun)
  const isUserManager = hasOption(context, 'user')
  if (isUserManager) refuseWithoutUserManager(init)
  const name = readName(textOption(context, 'name') ?? 'upkeep')
  const account = chosenAccount(context, isUserManager)
  const place = { name, isUserManager, account }
  const service = bootService({
    ...place,
    home: chosenHome(context, account.home),
    writable,
    hasLowPorts: hasOption(context, 'lowPorts'),
  })
  if (!isDryRun) refuseWithoutRights(context, place, service)
  return { init, place, service }
}

function chosenInit(context: Context, isDryRun: boolean): InitSystem {
  const given = textOption(context, 'init')
  const running = runningInit()
  const wanted = given === undefined ? running : parseInit(given)
  if (wanted !== undefined && (isDryRun || wanted === running)) return wanted
  const what = wanted === undefined ? 'no init system that is known runs here' : `${wanted} does not run here`
  throw new Failure('BOOT_UNSUPPORTED', `Cannot change what starts at boot: ${what}`, {
    hint:
      running === undefined
        ? 'In a container let "upkeep run" be the first process; --init with --dry-run prints the files'
        : `${running} runs here; --dry-run prints the files of others`,
  })
}

function refuseWithoutUserManager(init: InitSystem): void {
  if (init === 'systemd' || init === 'launchd') return
  throw new Failure(
    'BOOT_UNSUPPORTED',
    `Cannot use --user with ${init}: it is not known how users have services there`,
    {
      hint: 'Let root install it for a user: sudo upkeep startup --as <user>',
    },
  )
}

function chosenAccount({ env, options }: Context, isUserManager: boolean) {
  const own = ownAccount()
  const given = typeof options.as === 'string' ? options.as : undefined
  if (isUserManager && given !== undefined && given !== own.name) {
    throw new Failure(
      'USAGE',
      `Cannot use --as ${given.slice(0, 50)} with --user: a user's own services run as that user`,
    )
  }
  const caller = own.uid === 0 && !isUserManager ? env.SUDO_USER : undefined
  const name = given ?? caller
  return name === undefined ? own : accountNamed(name)
}

function chosenHome({ home, env, options }: Context, accountHome: string): string {
  const isGiven = typeof options.home === 'string' || (env.UPKEEP_HOME ?? '') !== ''
  return isGiven ? home : join(accountHome, '.upkeep')
}

function readName(name: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) return name
  throw new Failure('USAGE', `Cannot use "${name.slice(0, 80)}" as the name of a service`, {
    hint: 'Letters, digits, ".", "_" and "-"',
  })
}

function readFolders({ options }: Context): string[] {
  const given = Array.isArray(options.writable) ? options.writable.map(String) : []
  const wrong = given.find((folder) => !folder.startsWith('/'))
  if (wrong === undefined) return given
  throw new Failure('USAGE', `Cannot use --writable "${wrong.slice(0, 80)}": it is not an absolute path`)
}

function refuseWithoutRights({ env }: Context, place: BootPlace, service: BootService): void {
  const isRoot = process.getuid?.() === 0
  if (!place.isUserManager && !isRoot) {
    // sudo does not know the PATH of a Node.js of nvm or the like.
    const command = cliCommand(service, 'startup').filter((word) => word !== '')
    throw new Failure(
      'NOT_PERMITTED',
      'Cannot change what the machine starts at boot: only root may do that',
      {
        hint: `Run: sudo ${shellWords(command)}  (or, without root: upkeep startup --user)`,
      },
    )
  }
  if (place.isUserManager && (env.XDG_RUNTIME_DIR ?? '') === '') {
    throw new Failure('BOOT_UNSUPPORTED', 'Cannot reach your service manager: XDG_RUNTIME_DIR is not set', {
      hint: `Log in as ${place.account.name} instead of using su or sudo, or let root run: loginctl enable-linger ${place.account.name}`,
    })
  }
}
