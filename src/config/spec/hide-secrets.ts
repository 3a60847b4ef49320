import { HIDDEN, hideSecretsInArgs } from '../../base/secret.ts'
import type { AppSpec } from '../../protocol/app-spec.ts'

const SHOWN = ['NODE_ENV', 'PORT', 'HOST', 'TZ', 'LANG', 'PATH']

/** A spec that may be shown: values of the environment and passwords in arguments are hidden, unless asked for. */
export function hideSecrets(spec: AppSpec, options: { readonly show: boolean }): AppSpec {
  if (options.show) return spec
  const env = Object.entries(spec.env).map(([name, value]) => [name, SHOWN.includes(name) ? value : HIDDEN])
  return {
    ...spec,
    args: hideSecretsInArgs(spec.args),
    programArgs: hideSecretsInArgs(spec.programArgs),
    env: Object.fromEntries(env),
  }
}
