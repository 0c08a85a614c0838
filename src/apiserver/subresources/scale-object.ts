import { formatLabelSelector, fromLabelSelector } from '../../api/meta/label-selector.ts'
import type { LabelSelector } from '../../api/generated/meta-v1.ts'
import type { Draft } from '../../api/draft.ts'
import type { KubeObject } from '../../api/object.ts'
import type { ServedResource } from '../verbs/served-resource.ts'
import { customScalePaths } from './scale-paths.ts'

/** An autoscaling/v1 Scale. */
export interface Scale extends KubeObject {
  readonly spec?: { readonly replicas?: number }
  readonly status?: { readonly replicas: number; readonly selector?: string }
}

interface Scalable extends KubeObject {
  readonly spec?: { readonly replicas?: number; readonly selector?: unknown }
  readonly status?: { readonly replicas?: number }
}

/** An object's `scale`: how many replicas are wanted, how many there are, and how to find them. */
export function scaleOf(resource: ServedResource, object: KubeObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const { wanted, actual, selector } = replicasOf(resource, object)
  const metadata = { name, namespace, uid, resourceVersion, creationTimestamp } as KubeObject['metadata']
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata,
    spec: wanted === 0 ? {} : { replicas: wanted },
    status: selector === '' ? { replicas: actual } : { replicas: actual, selector },
  }
}

/** Writes the replicas wanted (or none) into a fresh copy of the object. */
export function setReplicas(resource: ServedResource, object: Draft<KubeObject>, replicas: number | undefined): void {
  const path = customScalePaths(resource)?.wanted ?? ['spec', 'replicas']
  let place = object as unknown as Record<string, unknown>
  for (const step of path.slice(0, -1)) place = (place[step] ??= {}) as Record<string, unknown>
  const last = path.at(-1) ?? 'replicas'
  if (replicas === undefined) delete place[last]
  else place[last] = replicas
}

function replicasOf(resource: ServedResource, object: KubeObject) {
  const paths = customScalePaths(resource)
  if (paths !== undefined) {
    const selector = paths.selector === undefined ? '' : read(object, paths.selector)
    return {
      wanted: numberAt(object, paths.wanted),
      actual: numberAt(object, paths.actual),
      selector: typeof selector === 'string' ? selector : '',
    }
  }
  const { spec, status } = object as Scalable
  return { wanted: spec?.replicas ?? 0, actual: status?.replicas ?? 0, selector: selectorText(spec?.selector) }
}

/** A ReplicationController's selector is a plain map of labels; all others have the object form. */
function selectorText(selector: unknown): string {
  if (typeof selector !== 'object' || selector === null) return ''
  const objectForm = 'matchLabels' in selector || 'matchExpressions' in selector
  const parsed = fromLabelSelector((objectForm ? selector : { matchLabels: selector }) as LabelSelector)
  return parsed === undefined ? '' : formatLabelSelector(parsed)
}

function numberAt(object: KubeObject, path: readonly string[]): number {
  const value = read(object, path)
  return typeof value === 'number' ? value : 0
}

function read(object: KubeObject, path: readonly string[]): unknown {
  let value: unknown = object
  for (const step of path) value = (value as Record<string, unknown> | undefined)?.[step]
  return value
}
