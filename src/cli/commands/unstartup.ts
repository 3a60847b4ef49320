import { existsSync } from 'node:fs'
import { bootPath, unstartupSteps } from '../boot/boot-plan.ts'
import { BOOT_OPTIONS, readBootWish } from '../boot/boot-wish.ts'
import { refuseForeignFile, refuseOtherHome } from '../boot/own-file.ts'
import { followSteps, showSteps } from '../boot/steps.ts'
import type { Command } from '../command.ts'
import { hasOption } from '../command.ts'

export const unstartup: Command = {
  name: 'unstartup',
  summary: 'remove what "startup" installed; apps run until the machine stops',
  usage: '',
  options: [...BOOT_OPTIONS, { flags: '--dry-run', help: 'show what would be removed and run' }],
  examples: ['sudo upkeep unstartup', 'upkeep unstartup --user'],
  arguments: [0, 0],
  async run(context) {
    const isDryRun = hasOption(context, 'dryRun')
    const { init, place, service } = readBootWish(context, isDryRun)
    const path = bootPath(init, place)
    if (!isDryRun && !existsSync(path)) {
      context.out.say(`Nothing starts at boot: there is no ${path}`)
      return undefined
    }
    if (!isDryRun) {
      refuseForeignFile(path)
      refuseOtherHome(path, service.home)
    }
    const steps = unstartupSteps(init, place, service)
    if (isDryRun) return showSteps(context, steps)
    await followSteps(context, steps)
    context.out.print(`${place.name} no longer starts at boot; its apps run`)
    return undefined
  },
}
