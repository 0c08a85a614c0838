import type { StatefulSet } from '../../api/generated/apps-v1.ts'
import type { Pod, PodTemplateSpec } from '../../api/generated/core-v1.ts'
import { controllerReference } from '../controller-reference.ts'
import { REVISION_LABEL } from '../revision/history.ts'
import { claimNameOf } from './claims.ts'

export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name'
export const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index'

/** The number at the end of the pod's name; undefined for a pod that is not named as one of the set's. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`
  const name = pod.metadata.name ?? ''
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : ''
  return /^\d+$/.test(rest) ? Number(rest) : undefined
}

/** The ordinals that the set wants, from the first to one before the end. */
export function ordinalsOf(set: StatefulSet): { readonly start: number; readonly end: number } {
  const start = set.spec?.ordinals?.start ?? 0
  return { start, end: start + (set.spec?.replicas ?? 1) }
}

export function isInRange(set: StatefulSet, ordinal: number): boolean {
  const { start, end } = ordinalsOf(set)
  return ordinal >= start && ordinal < end
}

/** The pod of an ordinal: its name, labels and host name tell which it is, and its volumes are its own claims. */
export function podFor(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Pod {
  const name = `${set.metadata.name}-${ordinal}`
  const { annotations, finalizers, labels } = template.metadata ?? {}
  const { serviceName } = set.spec!
  const identity = { [POD_NAME_LABEL]: name, [POD_INDEX_LABEL]: String(ordinal), [REVISION_LABEL]: revision }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace!,
      labels: { ...labels, ...identity },
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(set)],
    },
    spec: {
      ...template.spec!,
      hostname: name,
      ...(serviceName === undefined || serviceName === '' ? {} : { subdomain: serviceName }),
      ...volumesFor(set, template, ordinal),
    },
  }
}

/** A claim's volume takes the place of one of the template that has its name. */
function volumesFor(set: StatefulSet, template: PodTemplateSpec, ordinal: number) {
  const claims = (set.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => ({
    name: metadata.name!,
    persistentVolumeClaim: { claimName: claimNameOf(set, metadata.name!, ordinal) },
  }))
  const named = new Set(claims.map(({ name }) => name))
  const volumes = [...claims, ...(template.spec?.volumes ?? []).filter(({ name }) => !named.has(name))]
  return volumes.length === 0 ? {} : { volumes }
}
