/** Packages that are loaded when they are first needed: what does without them starts sooner. */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** @param name of a dependency that CommonJS can load */
export function lazily<T>(name: string): () => T {
  let loaded: T | undefined
  return () => {
    loaded ??= require(name) as T
    return loaded
  }
}
