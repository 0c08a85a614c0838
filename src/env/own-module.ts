import { joinedProgram } from './joined-code.ts'

/**
 * The URL of a module of Shoal's own, by its path without an extension, relative to the module whose `import.meta.url` is `from`:
 * TypeScript in a checkout, JavaScript in the published package. Imports are rewritten by the compiler; what is
 * handed over by its URL is not. Joined code has this file made otherwise (`tools/setup/join-code.ts`): it gives what was joined with it.
 */
export function ownModule(from: string, path: string): URL {
  return new URL(path + from.slice(from.lastIndexOf('.')), from)
}

/** The same for what is read, to make something else of it: never joined. */
export const ownSource = ownModule

/**
 * The same for what a thread or a process is started with, which shares no modules with whoever starts it: its sources joined into a few
 * files where that was done and none has changed since. Node takes 0.2 ms for each module that it reads.
 */
export function ownProgram(from: string, path: string): URL {
  const module = ownModule(from, path)
  return joinedProgram(module) ?? module
}
