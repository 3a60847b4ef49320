import { bootPath, startupSteps } from '../boot/boot-plan.ts'
import { BOOT_OPTIONS, readBootWish } from '../boot/boot-wish.ts'
import { refuseForeignFile, refuseOtherHome } from '../boot/own-file.ts'
import { followSteps, showSteps } from '../boot/steps.ts'
import type { Command } from '../command.ts'
import { hasOption } from '../command.ts'

export const startup: Command = {
  name: 'startup',
  summary: 'start the daemon and its apps at boot: write, enable and start a service',
  usage: '',
  options: [
    ...BOOT_OPTIONS,
    { flags: '--writable <folder...>', help: 'more folders in which apps may write' },
    { flags: '--low-ports', help: 'apps may listen on ports below 1024' },
    { flags: '--dry-run', help: 'show what would be written and run' },
  ],
  examples: [
    'sudo upkeep startup                 # the apps run as you',
    'sudo upkeep startup --as deploy',
    'upkeep startup --user               # without root',
    'upkeep startup --dry-run',
    'upkeep startup --init openrc --dry-run',
  ],
  arguments: [0, 0],
  async run(context) {
    const isDryRun = hasOption(context, 'dryRun')
    const { init, place, service } = readBootWish(context, isDryRun)
    const path = bootPath(init, place)
    if (!isDryRun) {
      refuseForeignFile(path)
      refuseOtherHome(path, service.home)
    }
    const steps = startupSteps(init, place, service)
    if (isDryRun) return showSteps(context, steps)
    await followSteps(context, steps)
    context.out.print(
      `${place.name} starts at boot, and runs now as ${place.account.name} with home ${service.home}`,
    )
    return undefined
  },
}
