// What an instance does next: the whole behaviour in one total table. Wanted things come in as `start`, `stop` and
// `replace`; what happened in the world as the rest. Cells are pure; `instance.ts` runs their effects. A combination
// that is forgotten does not compile. docs/internals/instance-states.md shows the table.
import type { InstanceState } from '../../protocol/status.ts'

export type { InstanceState }

/** What the restart policy decided about a worker that ended. */
export type AfterExit = 'retry' | 'finished' | 'failed'

export type InstanceEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** Put a new worker beside the one that runs, then let the old one go. */
  | { readonly type: 'replace' }
  | { readonly type: 'ready' }
  /** Not ready in time. */
  | { readonly type: 'late' }
  | { readonly type: 'exited'; readonly next: AfterExit }
  | { readonly type: 'successor-ready' }
  | { readonly type: 'successor-failed' }
  | { readonly type: 'retry' }

export type EventType = InstanceEvent['type']

export type Effect =
  | 'spawn'
  | 'spawn-successor'
  /** The successor becomes the worker, and the worker it replaces drains. */
  | 'promote'
  /** The successor becomes the worker; there is no other any more. */
  | 'inherit'
  | 'discard-successor'
  | 'drain'
  | 'arm-retry'
  | 'cancel-retry'

export interface Transition {
  readonly to: InstanceState
  readonly effects: readonly Effect[]
}

type Cell = (event: InstanceEvent, state: InstanceState) => Transition

const ignore: Cell = (_event, state) => ({ to: state, effects: [] })

function go(to: InstanceState, ...effects: Effect[]): Cell {
  return () => ({ to, effects })
}

const afterExit: Cell = (event) => {
  const next = event.type === 'exited' ? event.next : 'retry'
  return next === 'retry' ? { to: 'waiting', effects: ['arm-retry'] } : { to: next, effects: [] }
}

const idle = {
  start: go('starting', 'spawn'),
  stop: go('stopped'),
  replace: go('starting', 'spawn'),
  ready: ignore,
  late: ignore,
  exited: ignore,
  'successor-ready': ignore,
  'successor-failed': ignore,
  retry: ignore,
} satisfies Record<EventType, Cell>

export const INSTANCE_TABLE: Record<InstanceState, Record<EventType, Cell>> = {
  stopped: idle,
  starting: {
    start: ignore,
    stop: go('stopping', 'drain'),
    replace: ignore,
    ready: go('ready'),
    late: go('starting', 'drain'),
    exited: afterExit,
    'successor-ready': ignore,
    'successor-failed': ignore,
    retry: ignore,
  },
  ready: {
    start: ignore,
    stop: go('stopping', 'drain'),
    replace: go('replacing', 'spawn-successor'),
    ready: ignore,
    late: ignore,
    exited: afterExit,
    'successor-ready': ignore,
    'successor-failed': ignore,
    retry: ignore,
  },
  replacing: {
    start: ignore,
    stop: go('stopping', 'discard-successor', 'drain'),
    replace: ignore,
    ready: ignore,
    late: ignore,
    exited: go('starting', 'inherit'),
    'successor-ready': go('ready', 'promote'),
    'successor-failed': go('ready', 'discard-successor'),
    retry: ignore,
  },
  stopping: {
    start: ignore,
    stop: ignore,
    replace: ignore,
    ready: ignore,
    late: ignore,
    exited: go('stopped'),
    'successor-ready': ignore,
    'successor-failed': ignore,
    retry: ignore,
  },
  waiting: {
    ...idle,
    start: go('starting', 'cancel-retry', 'spawn'),
    stop: go('stopped', 'cancel-retry'),
    replace: go('starting', 'cancel-retry', 'spawn'),
    retry: go('starting', 'spawn'),
  },
  finished: idle,
  failed: idle,
}

export function nextTransition(state: InstanceState, event: InstanceEvent): Transition {
  return INSTANCE_TABLE[state][event.type](event, state)
}

/** The table as text, a line per cell that does something: for the test and the docs. */
export function renderInstanceTable(): string {
  const states = Object.keys(INSTANCE_TABLE) as InstanceState[]
  const lines = states.flatMap((state) => {
    const types = Object.keys(INSTANCE_TABLE[state]) as EventType[]
    return types.flatMap((type) => eventsOf(type).flatMap((event) => renderCell(state, event)))
  })
  return `${lines.join('\n')}\n`
}

function eventsOf(type: EventType): InstanceEvent[] {
  if (type !== 'exited') return [{ type }]
  return (['retry', 'finished', 'failed'] as const).map((next) => ({ type, next }))
}

function renderCell(state: InstanceState, event: InstanceEvent): string[] {
  const { to, effects } = nextTransition(state, event)
  if (to === state && effects.length === 0) return []
  const name = event.type === 'exited' ? `exited (${event.next})` : event.type
  const does = effects.length === 0 ? '' : `: ${effects.join(', ')}`
  return [`${state.padEnd(10)} ${name.padEnd(18)} -> ${to}${does}`]
}
