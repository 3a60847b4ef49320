import type { Command, Context } from '../command.ts'
import { hasOption, JSON_OPTION } from '../command.ts'
import { checkBoot } from '../doctor/boot-checks.ts'
import type { Finding } from '../doctor/check.ts'
import { checkApps, checkDaemon, checkHome } from '../doctor/daemon-checks.ts'
import { checkNode, checkOpenFiles, checkPrograms, checkSpace } from '../doctor/machine-checks.ts'
import { cleanText } from '../terminal/clean-text.ts'

export const doctor: Command = {
  name: 'doctor',
  summary: 'look for what goes wrong on servers, and say the way out; status 1 with a problem',
  usage: '',
  options: [JSON_OPTION],
  arguments: [0, 0],
  async run(context) {
    const { out } = context
    const findings = await examine(context)
    if (hasOption(context, 'json')) out.printJson({ findings })
    else for (const finding of findings) print(context, finding)
    return findings.some(({ verdict }) => verdict === 'problem') ? 1 : 0
  },
}

async function examine(context: Context): Promise<Finding[]> {
  const { home, env } = context
  return [
    checkNode(),
    ...checkPrograms(env),
    checkOpenFiles(),
    checkHome(home),
    checkSpace(home),
    await checkDaemon(context),
    ...(await checkApps(context)),
    ...(await checkBoot(context)),
  ]
}

function print({ out }: Context, { check, verdict, text, hint }: Finding): void {
  const { green, yellow, red, dim } = out.color
  const paint = { ok: green, warning: yellow, problem: red }[verdict]
  out.print(`${paint(verdict.padEnd(7))}  ${cleanText(check)}: ${cleanText(text)}`)
  if (hint !== undefined) out.print(dim(`         ${cleanText(hint)}`))
}
