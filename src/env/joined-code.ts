/** Asked for so, since every start reads this file: an import would bring much of Node that it does not need. */
const { readFileSync, statSync } = process.getBuiltinModule('node:fs')
const { fileURLToPath } = process.getBuiltinModule('node:url')

/** One of the sources that were joined, as it was then. */
export interface JoinedSource {
  readonly path: string
  readonly bytes: number
  readonly changedMs: number
}

/** What was joined: beside {@link JOINED_CODE} lies this list of it. */
export interface JoinedList {
  /** None where they cannot change: in a published package. */
  readonly sources: readonly JoinedSource[]
  /** The files that programs begin with, by the modules that they were made of, each as a path from the folder of all modules. */
  readonly programs: Readonly<Record<string, string>>
}

/** The folder of all modules. */
const MODULES = new URL('../', import.meta.url)

/** Where the set-up of a checkout, and the packing of a package, put joined code. */
export const JOINED_CODE = new URL(
  import.meta.url.endsWith('.ts') ? '../node_modules/.cache/shoal-joined/' : 'joined/',
  MODULES,
)

let list: JoinedList | false | undefined

/** The file that the module at `url` was joined into as a program, if it was and nothing of it has changed since. Checking takes 2 ms, once. */
export function joinedProgram(url: URL): URL | undefined {
  list ??= readList() ?? false
  if (list === false || !url.href.startsWith(MODULES.href)) return undefined
  const file = list.programs[url.href.slice(MODULES.href.length)]
  return file === undefined ? undefined : new URL(file, JOINED_CODE)
}

/** Whether the sources are joined as they are now. */
export const isJoined = (): boolean => readList() !== undefined

function readList(): JoinedList | undefined {
  try {
    const read = JSON.parse(readFileSync(new URL('list.json', JOINED_CODE), 'utf8')) as JoinedList
    return read.sources.every(isUnchanged) ? read : undefined
  } catch {
    // There is no list, or none that can be read.
    return undefined
  }
}

/** Whether the source is there as it was when it was joined. */
export function isUnchanged({ path, bytes, changedMs }: JoinedSource): boolean {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.size === bytes && found.mtimeMs === changedMs
}

/** What {@link isUnchanged} compares a source with from now on. */
export function joinedSource(url: URL): JoinedSource {
  const path = fileURLToPath(url)
  const { size, mtimeMs } = statSync(path)
  return { path, bytes: size, changedMs: mtimeMs }
}
