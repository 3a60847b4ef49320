// Checks what comes through the control socket, all problems at once.
import { z } from 'zod'
import { Failure } from '../base/failure.ts'
import { checkSpec } from '../config/spec/check-spec.ts'
import type { ApplyRequest, LogQuery, OperationRequest } from '../protocol/control.ts'

const targets = z.array(z.string().min(1).max(500)).min(1).max(1000)

const operation = z.object({
  action: z.enum(['start', 'stop', 'restart', 'reload', 'scale', 'delete']),
  targets,
  instances: z.string().max(50).optional(),
})

const application = z.object({
  apps: z.array(z.unknown()).max(1000),
  prune: z.boolean().optional(),
  keepGoing: z.boolean().optional(),
  source: z.string().nullable(),
})

const logs = z.object({
  targets: targets.optional(),
  instance: z.coerce.number().int().min(0).optional(),
  stream: z.enum(['stdout', 'stderr']).optional(),
  lines: z.coerce.number().int().min(0).max(1_000_000).optional(),
  sinceMs: z.coerce.number().optional(),
  follow: z.stringbool().optional(),
})

export function operationRequest(body: unknown): OperationRequest {
  return checked(operation, body) as OperationRequest
}

export async function applyRequest(body: unknown): Promise<ApplyRequest> {
  const request = checked(application, body)
  return { ...request, apps: request.apps.map((spec) => checkSpec(spec)) } as ApplyRequest
}

export function flushRequest(body: unknown): { targets: string[] } {
  return checked(z.object({ targets }), body)
}

export function stopRequest(body: unknown): { keepWorkers: boolean } {
  return {
    keepWorkers: checked(z.object({ keepWorkers: z.boolean().optional() }), body).keepWorkers === true,
  }
}

export function logQuery(parameters: URLSearchParams): LogQuery {
  const { targets: _, ...single } = Object.fromEntries(parameters)
  const named = parameters.getAll('targets')
  return checked(logs, { ...single, ...(named.length === 0 ? {} : { targets: named }) }) as LogQuery
}

function checked<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw invalid(result.error.issues.map(({ path, message }) => `${path.join('.') || 'request'}: ${message}`))
}

function invalid(details: readonly string[]): Failure {
  return new Failure('REQUEST_INVALID', 'Cannot do that: the request is not valid', { details })
}
