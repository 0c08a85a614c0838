import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../../api/generated/core-v1.ts'
import type { Commit, Store } from '../../../store/store.ts'
import { claimNames, refersTo, secretsOfPersistentVolume } from './references.ts'
import type { NamespacedName, Needed } from './references.ts'

/** What a node has to do with an object: it reads what pods that are bound to it need, and nothing else. */
export interface NodeRelations extends Disposable {
  /** Whether a pod of the node needs the object, directly or by a volume that it claims. */
  needs(node: string, resource: Needed, object: NamespacedName): boolean
  hasPod(node: string, pod: NamespacedName): boolean
  /** Whether a pod of the node claims the volume. */
  claimsVolume(node: string, volume: string): boolean
  /** Whether the object, such as an attachment, says that it is the node's own. */
  ownsByName(node: string, resource: string, name: string): boolean
}

/**
 * Kubernetes keeps a graph of all that pods refer to. Here only the pods of each node are kept, from the first question on; what
 * they refer to is looked up in them, since a node has hundreds at the most and asks when a pod starts.
 */
export function trackNodeRelations(store: Store): NodeRelations {
  let podsByNode: Map<string, Set<string>> | undefined
  const stop = store.onDurable((commits) => void (podsByNode !== undefined && note(podsByNode, commits)))
  const podsOf = (node: string): ReadonlySet<string> => {
    podsByNode ??= indexPods(store)
    return podsByNode.get(node) ?? NONE
  }
  function* podsIn(node: string, namespace?: string): Iterable<Pod> {
    const snapshot = store.durable()
    for (const key of podsOf(node)) {
      if (namespace !== undefined && !key.startsWith(`${namespace}/`)) continue
      const entry = snapshot.get('pods', key)
      if (entry !== undefined) yield entry.object as Pod
    }
  }
  const needsDirectly = (node: string, resource: Needed, { namespace, name }: NamespacedName): boolean => {
    for (const pod of podsIn(node, namespace)) if (refersTo(pod, resource, name)) return true
    return false
  }
  const needsByVolume = (node: string, wanted: NamespacedName): boolean => {
    for (const volume of volumesOf(store, podsIn(node))) {
      for (const { namespace, name } of secretsOfPersistentVolume(volume)) {
        if (name === wanted.name && namespace === wanted.namespace) return true
      }
    }
    return false
  }
  return {
    hasPod: (node, { namespace, name }) => podsOf(node).has(`${namespace}/${name}`),
    needs: (node, resource, object) =>
      needsDirectly(node, resource, object) || (resource === 'secrets' && needsByVolume(node, object)),
    claimsVolume(node, name) {
      const volume = store.durable().get('persistentvolumes', name)?.object as PersistentVolume | undefined
      const { namespace = '', name: claim = '' } = volume?.spec?.claimRef ?? {}
      return claim !== '' && needsDirectly(node, 'persistentvolumeclaims', { namespace, name: claim })
    },
    ownsByName(node, resource, name) {
      const object = store.durable().get(resource, name)?.object as { readonly spec?: { readonly nodeName?: string } }
      return object?.spec?.nodeName === node
    },
    [Symbol.dispose]: stop,
  }
}

const NONE: ReadonlySet<string> = new Set()

function indexPods(store: Store): Map<string, Set<string>> {
  const index = new Map<string, Set<string>>()
  for (const { key, object } of store.durable().list('pods')) add(index, (object as Pod).spec?.nodeName, key)
  return index
}

function note(index: Map<string, Set<string>>, commits: readonly Commit[]): void {
  for (const { changes } of commits) {
    for (const { type, entry } of changes) {
      if (entry.resource !== 'pods') continue
      const node = (entry.object as Pod).spec?.nodeName
      if (type !== 'delete') add(index, node, entry.key)
      else if (node !== undefined && index.get(node)?.delete(entry.key) && index.get(node)?.size === 0) {
        index.delete(node)
      }
    }
  }
}

function add(index: Map<string, Set<string>>, node: string | undefined, key: string): void {
  if (node === undefined || node === '') return
  const keys = index.get(node)
  if (keys === undefined) index.set(node, new Set([key]))
  else keys.add(key)
}

/** The volumes that claims of pods are bound to, where the volume says so too. */
function* volumesOf(store: Store, pods: Iterable<Pod>): Iterable<PersistentVolume> {
  const snapshot = store.durable()
  for (const pod of pods) {
    const { namespace = '' } = pod.metadata ?? {}
    for (const name of claimNames(pod)) {
      const entry = snapshot.get('persistentvolumeclaims', `${namespace}/${name}`)
      const bound = (entry?.object as PersistentVolumeClaim | undefined)?.spec?.volumeName ?? ''
      const volume = snapshot.get('persistentvolumes', bound)?.object as PersistentVolume | undefined
      const { claimRef } = volume?.spec ?? {}
      if (volume !== undefined && claimRef?.namespace === namespace && claimRef.name === name) yield volume
    }
  }
}
