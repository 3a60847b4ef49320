import type { SupervisorEvent } from '../../protocol/control.ts'
import type { Command } from '../command.ts'
import { hasOption } from '../command.ts'
import { streamEnded } from '../stream-ended.ts'
import { cleanText } from '../terminal/clean-text.ts'

export const events: Command = {
  name: 'events',
  summary: 'print what happened to apps lately; -f goes on with what happens',
  usage: '',
  options: [
    { flags: '-f, --follow', help: 'go on with new events' },
    { flags: '--json', help: 'print a JSON object per event' },
  ],
  arguments: [0, 0],
  async run(context) {
    const { client, out, signal } = context
    const print = (event: SupervisorEvent) => {
      if (hasOption(context, 'json')) out.print(JSON.stringify(event))
      else out.print(shown(event, out.color.dim))
    }
    if (!hasOption(context, 'follow')) {
      const recent = await client.recentEvents()
      for (const event of recent) print(event)
      if (recent.length === 0) out.say('Nothing has happened to any app yet.')
      return undefined
    }
    for await (const event of client.events({ signal })) print(event)
    throw streamEnded()
  },
}

function shown({ time, event, app, instance, text }: SupervisorEvent, dim: (text: string) => string): string {
  const where = instance === null ? app : `${app} ${instance}`
  return `${dim(time)} ${event.padEnd(20)} ${where}  ${cleanText(text)}`
}
