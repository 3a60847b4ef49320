// The table of `upkeep list`: a row per instance, and a line below where something is wrong.
import type { AppStatus, InstanceState, InstanceStatus } from '../protocol/status.ts'
import { cleanText } from './terminal/clean-text.ts'
import type { Palette } from './terminal/palette.ts'
import { shownBytes, shownDuration } from './terminal/quantities.ts'
import type { Column } from './terminal/table.ts'
import { renderTable } from './terminal/table.ts'
import { cutToWidth } from './terminal/text-width.ts'

interface Row {
  readonly app: AppStatus
  readonly instance: InstanceStatus | undefined
  readonly isFirst: boolean
}

export function renderList(
  apps: readonly AppStatus[],
  width: number,
  color: Palette,
  nowMs: number,
): string[] {
  const rows = apps.flatMap(rowsOf)
  const [title = '', ...lines] = renderTable(columnsFor(color, nowMs), rows, width, color.dim)
  const withNotes = lines.flatMap((line, index) => [line, ...notesOf(rows[index], width, color, nowMs)])
  return [title, ...withNotes]
}

function rowsOf(app: AppStatus): Row[] {
  if (app.instances.length === 0) return [{ app, instance: undefined, isFirst: true }]
  return app.instances.map((instance, index) => ({ app, instance, isFirst: index === 0 }))
}

function columnsFor(color: Palette, nowMs: number): readonly Column<Row>[] {
  const dash = (value: string | undefined) => value ?? '-'
  return [
    {
      title: 'app',
      text: ({ app, isFirst }) => (isFirst ? cleanText(app.name) : ''),
      paint: (text) => color.bold(text),
    },
    { title: 'inst', align: 'right', text: ({ instance }) => dash(instance?.instance.toString()) },
    { title: 'state', text: stateOf, paint: (text, row) => paintState(color, stateOf(row), text) },
    { title: 'pid', align: 'right', importance: 1, text: ({ instance }) => dash(instance?.pid?.toString()) },
    {
      title: 'uptime',
      align: 'right',
      importance: 2,
      text: ({ instance }) => {
        const startedAtMs = instance?.startedAtMs
        return startedAtMs === null || startedAtMs === undefined ? '-' : shownDuration(nowMs - startedAtMs)
      },
    },
    {
      title: 'restarts',
      align: 'right',
      importance: 3,
      text: ({ instance }) => dash(instance?.restarts.toString()),
    },
    {
      title: 'cpu',
      align: 'right',
      importance: 5,
      text: ({ instance }) => (instance?.cpuPercent == null ? '-' : `${instance.cpuPercent} %`),
    },
    {
      title: 'memory',
      align: 'right',
      importance: 4,
      text: ({ instance }) => (instance?.memoryBytes == null ? '-' : shownBytes(instance.memoryBytes)),
    },
    {
      title: 'listening',
      importance: 6,
      text: ({ app, isFirst }) => (isFirst ? cleanText(app.listening.join(' ')) : ''),
      paint: (text) => color.dim(text),
    },
  ]
}

function stateOf({ app, instance }: Row): string {
  return instance?.state ?? app.state
}

const STATE_COLORS: Readonly<Record<InstanceState, 'green' | 'yellow' | 'red' | 'dim'>> = {
  ready: 'green',
  replacing: 'green',
  starting: 'yellow',
  stopping: 'yellow',
  waiting: 'red',
  failed: 'red',
  stopped: 'dim',
  finished: 'dim',
}

function paintState(color: Palette, state: string, text: string): string {
  const name = STATE_COLORS[state as InstanceState] ?? 'dim'
  return color[name](text)
}

function notesOf(row: Row | undefined, width: number, color: Palette, nowMs: number): string[] {
  const { instance } = row ?? {}
  if (instance === undefined || (instance.state !== 'waiting' && instance.state !== 'failed')) return []
  const retry =
    instance.retryAtMs === null ? '' : `, next try in ${shownDuration(instance.retryAtMs - nowMs)}`
  const reason = cleanText(instance.lastExit?.reason ?? 'it could not be started')
  return [color.red(cutToWidth(`  ${reason}${retry}`, width))]
}
