import type { KubeObject } from '../api/object.ts'
import type { Informer } from '../informer/informer.ts'
import { keyStringOf } from '../informer/indexer.ts'

/** Where keys come from. `start` returns a function that stops it. */
export interface Source {
  start(add: (key: string) => void): () => void
}

/** Which keys an object concerns; called for the previous state of a changed object too. */
export type KeysOf<T extends KubeObject> = (object: T) => Iterable<string>

/** Whether a change of an object is worth a look; default: always. */
export type Predicate<T extends KubeObject> = (object: T, previous: T) => boolean

/** Each change of an informer's objects, mapped to keys. */
export function changesOf<T extends KubeObject>(
  informer: Informer<T>,
  keysOf: KeysOf<T> = ownKey,
  matters: Predicate<T> = () => true,
): Source {
  return {
    start(add) {
      const addAll = (object: T) => {
        for (const key of keysOf(object)) add(key)
      }
      return informer.listen({
        added: addAll,
        updated(object, previous) {
          if (!matters(object, previous)) return
          if (keysOf !== ownKey) addAll(previous)
          addAll(object)
        },
        deleted: addAll,
      })
    },
  }
}

/** The key of the object itself. */
export function ownKey(object: KubeObject): readonly string[] {
  return [keyStringOf(object)]
}

/** The key of the object's controller, where that is of `kind`. */
export function controllerKey(apiGroup: string, kind: string): KeysOf<KubeObject> {
  return (object) => {
    const owner = controllerOf(object)
    if (owner?.kind !== kind || groupOf(owner.apiVersion) !== apiGroup) return []
    return [object.metadata.namespace === undefined ? owner.name : `${object.metadata.namespace}/${owner.name}`]
  }
}

/** The owner that manages the object, if any. */
export function controllerOf(object: KubeObject) {
  return object.metadata.ownerReferences?.find((owner) => owner.controller === true)
}

function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
}
