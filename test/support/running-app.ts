import { freePort } from './free-port.ts'
import { testApp } from './package-root.ts'
import type { Answer } from './request.ts'
import { get } from './request.ts'
import type { Upkeep } from './upkeep.ts'

export interface AppOptions {
  readonly name?: string
  readonly instances?: number
  readonly env?: Readonly<Record<string, string>>
  readonly port?: number
  readonly [key: string]: unknown
}

/** What test/apps/http.mjs answers. */
export interface Who {
  readonly pid: number
  readonly version: string
  readonly instance: string
  readonly pm2Instance: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly node: string
  readonly env: Readonly<Record<string, string>>
  readonly ids: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] }
}

/** Starts a program of test/apps from a config, as an app on a port of its own. */
export async function running(
  upkeep: Upkeep,
  program: string,
  options: AppOptions = {},
): Promise<RunningApp> {
  const app = await appOf(upkeep, program, options)
  await upkeep.ok('start', app.configure({}))
  return app
}

export async function appOf(upkeep: Upkeep, program: string, options: AppOptions = {}): Promise<RunningApp> {
  return new RunningApp(upkeep, program, { ...options, port: options.port ?? (await freePort()) })
}

export class RunningApp {
  readonly name: string
  readonly port: number
  readonly #upkeep: Upkeep
  readonly #base: Readonly<Record<string, unknown>>
  readonly #env: Readonly<Record<string, string>>

  constructor(upkeep: Upkeep, program: string, { name = 'web', port = 0, env = {}, ...rest }: AppOptions) {
    this.name = name
    this.port = port
    this.#upkeep = upkeep
    this.#env = { PORT: String(port), ...env }
    this.#base = { name, script: program.startsWith('/') ? program : testApp(program), instances: 2, ...rest }
  }

  /** Writes the config of this app with changes, and returns its path. */
  configure({
    env = {},
    ...changes
  }: {
    env?: Readonly<Record<string, string>>
    [key: string]: unknown
  }): string {
    return this.#upkeep.config(
      [{ ...this.#base, env: { ...this.#env, ...env }, ...changes }],
      `${this.name}.json`,
    )
  }

  get(path = '/'): Promise<Answer> {
    return get(this.port, path)
  }

  async who(path = '/'): Promise<Who> {
    return (await this.get(path)).json<Who>()
  }
}
