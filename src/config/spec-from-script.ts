import type { AppSpec } from '../protocol/app-spec.ts'
import { parseApp } from './parse-config.ts'
import { resolveApp } from './resolve/resolve-app.ts'
import type { UserApp } from './schema/app.ts'

/** Keys of an app as the config has them, and where the command was given. */
export interface ScriptOptions extends Omit<UserApp, 'cwd' | 'environments'> {
  /** The folder of the command: relative paths start here. */
  readonly cwd: string
  readonly processEnv: NodeJS.ProcessEnv
  readonly home?: string | undefined
}

/** What `upkeep start <script>` runs. Unlike an app of a config it gets the whole environment of the command. */
export async function specFromScript({ cwd, processEnv, home, ...app }: ScriptOptions): Promise<AppSpec> {
  return resolveApp(parseApp(app, 'the command line', 'USAGE'), {
    folder: cwd,
    processEnv,
    home: home ?? processEnv.HOME,
    inheritEnv: true,
  })
}
