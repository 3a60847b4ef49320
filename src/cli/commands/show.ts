import type { AppStatus, ExitReport, InstanceStatus } from '../../protocol/status.ts'
import type { Command, Context } from '../command.ts'
import { hasOption, JSON_OPTION } from '../command.ts'
import { renderList } from '../render-list.ts'
import { cleanText } from '../terminal/clean-text.ts'
import { shownDuration } from '../terminal/quantities.ts'

const SHOWN_LINES = 10

export const show: Command = {
  name: 'show',
  summary: 'show everything about an app',
  usage: '<app>',
  options: [{ flags: '--env', help: 'show the values of the environment' }, JSON_OPTION],
  arguments: [1, 1],
  async run(context) {
    const { out, client, args } = context
    const app = await client.app(args[0] ?? '', { showEnv: hasOption(context, 'env') })
    if (hasOption(context, 'json')) out.printJson(app)
    else for (const line of describe(app, context)) out.print(line)
    return undefined
  },
}

function describe(app: AppStatus, { out, clock }: Context): string[] {
  const { spec } = app
  const { color, width } = out
  const fact = (name: string, value: string) => `${color.dim(name.padEnd(12))}${cleanText(value)}`
  const env = Object.entries(spec.env)
    .sort()
    .map(([name, value]) => `  ${cleanText(name)}=${cleanText(value)}`)
  const exits = app.instances
    .filter(hasExit)
    .flatMap((instance) => describeExit(instance, instance.lastExit, clock.nowMs()))
  return [
    `${color.bold(cleanText(app.name))}: ${app.state}`,
    ...app.notes.map((note) => color.yellow(cleanText(note))),
    '',
    fact('script', spec.script),
    fact('command', [spec.program, ...spec.programArgs, ...spec.args].join(' ')),
    fact('folder', spec.cwd),
    fact('listening', app.listening.join(' ') || '-'),
    fact('balance', spec.balance),
    fact('ready when', `${spec.ready.when}, within ${shownDuration(spec.ready.timeoutMs)}`),
    fact('stop', `${spec.stop.signal}, killed after ${shownDuration(spec.stop.timeoutMs)}`),
    fact('restart', spec.restart.policy),
    fact('logs', app.logDirectory),
    '',
    ...renderList([app], width, color, clock.nowMs()),
    ...exits,
    '',
    color.dim('environment'),
    ...env,
  ]
}

function hasExit(instance: InstanceStatus): instance is InstanceStatus & { readonly lastExit: ExitReport } {
  return instance.lastExit !== null
}

function describeExit({ instance }: InstanceStatus, exit: ExitReport, nowMs: number): string[] {
  const ago = shownDuration(nowMs - exit.atMs)
  const head = `instance ${instance}: the last worker (pid ${exit.pid}) ended ${ago} ago. ${cleanText(exit.reason)}`
  return ['', head, ...exit.lastLines.slice(-SHOWN_LINES).map((line) => `  ${cleanText(line)}`)]
}
