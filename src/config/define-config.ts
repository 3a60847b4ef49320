import type { UserConfig } from './schema/user-config.ts'

/** What a config that is a function is told. */
export interface ConfigContext {
  /** The name given with `--env`. */
  readonly env: string | undefined
}

/** What a config file may export. */
export type ConfigExport =
  | UserConfig
  | Promise<UserConfig>
  | ((context: ConfigContext) => UserConfig | Promise<UserConfig>)

/**
 * Gives an editor the types of a config; returns it as it is.
 *
 * @example
 * export default defineConfig({
 *   apps: [{ name: 'web', script: 'server.ts', instances: 'max', stop: '10s' }],
 * })
 */
export function defineConfig(config: ConfigExport): ConfigExport {
  return config
}
