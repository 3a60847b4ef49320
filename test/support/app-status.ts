import type { AppSpec } from '../../src/protocol/app-spec.ts'
import type { AppStatus, ExitReport, InstanceStatus } from '../../src/protocol/status.ts'

export const NOW_MS = Date.parse('2026-01-31T12:00:00Z')

/** The status of an app with one ready instance, except for what is given. */
export function appStatus(changes: Partial<AppStatus> = {}): AppStatus {
  const name = changes.name ?? 'web'
  return {
    name,
    wanted: 'running',
    state: 'running',
    instances: [instanceStatus()],
    listening: ['127.0.0.1:3000'],
    spec: appSpec({ name }),
    notes: [],
    logDirectory: `/home/me/.upkeep/logs/${name}`,
    ...changes,
  }
}

export function instanceStatus(changes: Partial<InstanceStatus> = {}): InstanceStatus {
  return {
    instance: 0,
    state: 'ready',
    pid: 4711,
    startedAtMs: NOW_MS - 65_000,
    readyAtMs: NOW_MS - 64_000,
    restarts: 0,
    retryAtMs: null,
    memoryBytes: 45 * 1024 * 1024,
    cpuPercent: 3,
    drainingPids: [],
    lastExit: null,
    ...changes,
  }
}

export function exitReport(changes: Partial<ExitReport> = {}): ExitReport {
  return {
    pid: 4710,
    code: 1,
    signal: null,
    atMs: NOW_MS - 2000,
    uptimeMs: 300,
    reason: 'Exit code 1',
    lastLines: ['Error: no database here'],
    ...changes,
  }
}

export function appSpec(changes: Partial<AppSpec> = {}): AppSpec {
  return {
    name: 'web',
    script: '/srv/web/server.js',
    program: '/usr/bin/node',
    programArgs: ['/srv/web/server.js'],
    args: [],
    cwd: '/srv/web',
    isNode: true,
    instances: 1,
    balance: 'shared',
    env: { NODE_ENV: 'production' },
    ready: { when: 'auto', timeoutMs: 30_000 },
    stop: { signal: 'SIGTERM', timeoutMs: 30_000 },
    reload: { order: 'start-first', parallel: 1 },
    restart: { policy: 'always', maxRestarts: null, minUptimeMs: 1000, backoffMs: 100, maxBackoffMs: 30_000 },
    logs: {
      format: 'plain',
      maxSizeBytes: 10_000_000,
      rotateEveryMs: null,
      keep: 5,
      maxTotalBytes: 100_000_000,
      compress: true,
    },
    runAs: null,
    ulimits: {},
    ...changes,
  }
}
