import { extname } from 'node:path'

/**
 * The URL of a module of Shoal's own, by its path without an extension, relative to the module whose `import.meta.url` is `from`:
 * TypeScript in a checkout, JavaScript in the published package. Imports are rewritten by the compiler; what is started or
 * handed over by its URL is not.
 */
export function ownModule(from: string, path: string): URL {
  return new URL(path + extname(from), from)
}
