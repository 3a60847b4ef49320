// A worker's id is `<app>.<instance>.<random>`. Whoever knows it may speak for the worker on the agent socket.
import { randomBytes } from 'node:crypto'

export interface WorkerIdParts {
  readonly app: string
  readonly instance: number
}

export function newWorkerId(app: string, instance: number): string {
  return `${app}.${instance}.${randomBytes(16).toString('hex')}`
}

/** The name of the app may hold dots itself; what could be no name is none. */
export function tryParseWorkerId(id: string): WorkerIdParts | undefined {
  const parts = /^(?<app>[^\x00-\x1f\x7f/\\]{1,64})\.(?<instance>\d{1,4})\.[0-9a-f]{1,64}$/.exec(id)?.groups
  return parts?.app === undefined ? undefined : { app: parts.app, instance: Number(parts.instance) }
}
