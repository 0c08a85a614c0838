import type { ApiKind } from '../../api/registry.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import { strategyOf } from '../../api/strategy/strategy.ts'

const GROUP = 'metrics.k8s.io'
const VERSION = 'v1beta1'

/** What metrics servers serve: objects that are made of measurements when they are asked for. */
const NODE_METRICS = resource('nodes', 'NodeMetrics', false)
const POD_METRICS = resource('pods', 'PodMetrics', true)

export const METRICS_STORAGE = { nodes: `nodes.${GROUP}`, pods: `pods.${GROUP}` } as const

function resource(plural: string, kind: string, namespaced: boolean): ResourceType {
  const none = { shortNames: [], categories: [], subresources: [], definition: '' }
  return { group: GROUP, version: VERSION, kind, plural, singular: '', namespaced, verbs: ['get', 'list'], ...none }
}

/** By storage name, for the registry. */
export function metricsKinds(): readonly (readonly [string, ApiKind])[] {
  return [NODE_METRICS, POD_METRICS].map((type) => {
    const storage = `${type.plural}.${type.group}`
    const kind: ApiKind = {
      type,
      storage,
      storageType: type,
      listKind: `${type.kind}List`,
      strategy: strategyOf(type),
      isDescribed: false,
      schema() {
        throw new Error(`Cannot read a body of kind ${type.kind}: nobody writes these`)
      },
    }
    return [storage, kind] as const
  })
}
