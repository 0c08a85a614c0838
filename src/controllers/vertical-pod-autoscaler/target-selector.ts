import type { Scale } from '../../api/generated/autoscaling-v1.ts'
import type { LabelSelector } from '../../api/generated/meta-v1.ts'
import { fromLabelSelector, parseLabelSelector } from '../../api/meta/label-selector.ts'
import type { Requirement } from '../../api/meta/label-selector.ts'
import type { KubeObject, ObjectKey } from '../../api/object.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import type { Client } from '../../client/client.ts'
import type { ServedResources } from '../served-resources/served-resources.ts'
import type { VerticalPodAutoscaler } from './resource.ts'

/** Kinds that say in their spec which pods are theirs; of any other kind its scale says so. */
const WITH_SELECTOR: ReadonlySet<string> = new Set([
  'DaemonSet',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'Job',
  'ReplicationController',
])

/** The selector of the workload that the autoscaler points at, or in words why it has none. */
export async function selectorOf(
  client: Client,
  served: ServedResources,
  { metadata, spec }: VerticalPodAutoscaler,
): Promise<readonly Requirement[] | string> {
  const { apiVersion = 'v1', kind, name } = spec.targetRef
  const type = served.find(apiVersion, kind)
  if (type === undefined)
    return `Cannot read targetRef. Reason: no matches for kind "${kind}" in version "${apiVersion}"`
  const key = { namespace: metadata.namespace ?? '', name }
  try {
    const found = WITH_SELECTOR.has(kind) ? await ofSpec(client, type, key) : await ofScale(client, type, key)
    return found ?? `Cannot read targetRef. Reason: ${kind} ${name} has no selector`
  } catch (error) {
    return `Cannot read targetRef. Reason: ${(error as Error).message}`
  }
}

interface Selecting extends KubeObject {
  readonly spec?: { readonly selector?: LabelSelector | Readonly<Record<string, string>> }
}

async function ofSpec(client: Client, type: ResourceType, key: ObjectKey): Promise<readonly Requirement[] | undefined> {
  const { spec } = await client.get(type as ResourceType<Selecting>, key)
  if (spec?.selector === undefined) return undefined
  const { selector } = spec
  // Replication controllers select by labels alone.
  const isSelector = 'matchLabels' in selector || 'matchExpressions' in selector
  const written = isSelector
    ? (selector as LabelSelector)
    : { matchLabels: selector as Readonly<Record<string, string>> }
  return fromLabelSelector(written)
}

async function ofScale(
  client: Client,
  type: ResourceType,
  key: ObjectKey,
): Promise<readonly Requirement[] | undefined> {
  const { status } = await client.get(type as ResourceType<Scale>, key, { subresource: 'scale' })
  return status?.selector ? parseLabelSelector(status.selector) : undefined
}
