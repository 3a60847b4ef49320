import type { UserConfig } from './schema/user-config.ts'

/** What a config that is a function is told. */
export interface ConfigContext {
  /** The name given with `--env`. */
  readonly env: string | undefined
}

type Computed = (context: ConfigContext) => UserConfig | Promise<UserConfig>

/**
 * Gives an editor the types of a config; returns it as it is.
 *
 * @example
 * export default defineConfig({
 *   apps: [{ name: 'web', script: 'server.ts', instances: 'max', stop: '10s' }],
 * })
 */
export function defineConfig<Config extends UserConfig | Promise<UserConfig> | Computed>(
  config: Config,
): Config {
  return config
}
