import type { Pod } from '../api/generated/core-v1.ts'
import { keyOf, keyString } from '../api/object.ts'

/** Pods that were promised a node on which victims have yet to make room; pods of lower priority must leave that room. */
export interface Nominations {
  readonly size: number
  put(pod: Pod, nodeName: string): void
  remove(key: string): void
  on(nodeName: string): readonly Pod[]
  nodeOf(key: string): string | undefined
}

export function createNominations(): Nominations {
  const nodes = new Map<string, string>()
  const byNode = new Map<string, Map<string, Pod>>()
  const remove = (key: string) => {
    const nodeName = nodes.get(key)
    if (nodeName === undefined) return
    nodes.delete(key)
    const pods = byNode.get(nodeName)
    pods?.delete(key)
    if (pods?.size === 0) byNode.delete(nodeName)
  }
  return {
    get size() {
      return nodes.size
    },
    put(pod, nodeName) {
      const key = keyString(keyOf(pod))
      remove(key)
      nodes.set(key, nodeName)
      const pods = byNode.get(nodeName) ?? new Map<string, Pod>()
      byNode.set(nodeName, pods.set(key, pod))
    },
    remove,
    on: (nodeName) => [...(byNode.get(nodeName)?.values() ?? [])],
    nodeOf: (key) => nodes.get(key),
  }
}
