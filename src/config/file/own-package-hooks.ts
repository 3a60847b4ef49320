// Runs in Node's loader thread (https://nodejs.org/api/module.html, customization hooks).
import type { InitializeHook, ResolveHook } from 'node:module'

let own = { name: '', url: '' }

export const initialize: InitializeHook<typeof own> = (data) => {
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
