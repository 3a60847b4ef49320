// `import { defineConfig } from 'upkeep'` works in every config, also where Upkeep is installed for the whole machine and
// not in the project. A copy in the project is preferred.
import Module, { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { OwnPackage } from './own-package-hooks.ts'

const OWN_NAME = 'upkeep'
const OWN_ENTRY = new URL('../../index.js', import.meta.url)
let isOffered = false

export function offerOwnPackage(): void {
  if (isOffered) return
  isOffered = true
  // Only in Node 22.15 and later, where the other way comes to warn that it is deprecated.
  const registerHooks: unknown = Reflect.get(Module, 'registerHooks')
  if (typeof registerHooks === 'function') Reflect.apply(registerHooks, Module, [{ resolve: offering }])
  else offerFromLoaderThread()
  offerToCommonJs()
}

type Resolve = (specifier: string, context: unknown) => unknown

function offering(specifier: string, context: unknown, nextResolve: Resolve): unknown {
  try {
    return nextResolve(specifier, context)
  } catch (error) {
    if (specifier === OWN_NAME) return { url: OWN_ENTRY.href, shortCircuit: true }
    throw error
  }
}

function offerFromLoaderThread(): void {
  const data: OwnPackage = { name: OWN_NAME, url: OWN_ENTRY.href }
  register(new URL('./own-package-hooks.js', import.meta.url), { data })
}

type ResolveFilename = (request: string, ...rest: unknown[]) => string

function offerToCommonJs(): void {
  const resolve: ResolveFilename = Reflect.get(Module, '_resolveFilename')
  const resolveOffering: ResolveFilename = (request, ...rest) => {
    try {
      return Reflect.apply(resolve, Module, [request, ...rest])
    } catch (error) {
      if (request === OWN_NAME) return fileURLToPath(OWN_ENTRY)
      throw error
    }
  }
  Reflect.set(Module, '_resolveFilename', resolveOffering)
}
