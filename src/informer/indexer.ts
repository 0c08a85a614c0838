import type { KubeObject, ObjectKey } from '../api/object.ts'
import { keyString } from '../api/object.ts'

/** The values under which an object is found in a named index; none where it does not belong there. */
export type Index<T extends KubeObject> = (object: T) => readonly string[]

/** Objects by key and by named index. Not thread-safe, not asynchronous: a map and its inverted lists. */
export interface Indexer<T extends KubeObject> {
  readonly size: number
  get(key: string): T | undefined
  values(): IterableIterator<T>
  by(index: string, value: string): readonly T[]
  addIndex(name: string, index: Index<T>): void
  /** Returns the object that was there before. */
  put(key: string, object: T): T | undefined
  remove(key: string): T | undefined
}

interface InvertedList<T extends KubeObject> {
  readonly index: Index<T>
  readonly keys: Map<string, Set<string>>
}

/** The indexer's key of an object, `namespace/name`. */
export function keyStringOf(object: KubeObject): string {
  return keyString(object.metadata as ObjectKey)
}

export function createIndexer<T extends KubeObject>(indexes: Readonly<Record<string, Index<T>>> = {}): Indexer<T> {
  const objects = new Map<string, T>()
  const lists = new Map<string, InvertedList<T>>()

  const addIndex = (name: string, index: Index<T>): void => {
    const list = { index, keys: new Map<string, Set<string>>() }
    lists.set(name, list)
    for (const [key, object] of objects) enter(list, key, index(object))
  }
  for (const [name, index] of Object.entries(indexes)) addIndex(name, index)

  return {
    get size() {
      return objects.size
    },
    get: (key) => objects.get(key),
    values: () => objects.values(),
    addIndex,
    by(name, value) {
      const list = lists.get(name)
      if (list === undefined)
        throw new Error(`Cannot look up index "${name}": it does not exist, expected addIndex first`)
      return objectsOf(objects, list.keys.get(value))
    },
    put(key, object) {
      const previous = objects.get(key)
      objects.set(key, object)
      for (const list of lists.values()) {
        const values = list.index(object)
        const before = previous === undefined ? [] : list.index(previous)
        // Most updates leave an object where it is.
        if (isSame(before, values)) continue
        leave(list, key, before)
        enter(list, key, values)
      }
      return previous
    },
    remove(key) {
      const previous = objects.get(key)
      if (previous === undefined) return undefined
      objects.delete(key)
      for (const list of lists.values()) leave(list, key, list.index(previous))
      return previous
    },
  }
}

function objectsOf<T>(objects: ReadonlyMap<string, T>, keys: ReadonlySet<string> | undefined): readonly T[] {
  const found: T[] = []
  for (const key of keys ?? []) found.push(objects.get(key)!)
  return found
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function enter<T extends KubeObject>(list: InvertedList<T>, key: string, values: readonly string[]): void {
  for (const value of values) {
    const keys = list.keys.get(value)
    if (keys === undefined) list.keys.set(value, new Set([key]))
    else keys.add(key)
  }
}

function leave<T extends KubeObject>(list: InvertedList<T>, key: string, values: readonly string[]): void {
  for (const value of values) {
    const keys = list.keys.get(value)
    keys?.delete(key)
    if (keys?.size === 0) list.keys.delete(value)
  }
}
