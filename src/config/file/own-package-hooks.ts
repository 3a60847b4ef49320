// Runs in Node's loader thread (https://nodejs.org/api/module.html, customization hooks).
import type { InitializeHook, ResolveHook } from 'node:module'

/** What stands in for a package that cannot be found. */
export interface OwnPackage {
  readonly name: string
  readonly url: string
}

let own: OwnPackage = { name: '', url: '' }

export const initialize: InitializeHook<OwnPackage> = (data) => {
  own = data
}

export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  try {
    return await nextResolve(specifier, context)
  } catch (error) {
    if (specifier === own.name) return { url: own.url, shortCircuit: true }
    throw error
  }
}
