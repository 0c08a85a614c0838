import type { DaemonSet } from '../../api/generated/apps-v1.ts'
import type { NodeAffinity, Pod, PodSpec, Toleration } from '../../api/generated/core-v1.ts'
import { controllerReference } from '../controller-reference.ts'
import { REVISION_LABEL } from '../revision/history.ts'

/** The annotation that counts a DaemonSet's templates, and the label that its pods carry of it: kept for old clients. */
export const GENERATION_ANNOTATION = 'deprecated.daemonset.template.generation'
export const GENERATION_LABEL = 'pod-template-generation'

const lasting = (name: string, effect: string): Toleration => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists',
  effect,
})

/** What daemons live with wherever they are, in Kubernetes' order. */
const TOLERATIONS: readonly Toleration[] = [
  lasting('not-ready', 'NoExecute'),
  lasting('unreachable', 'NoExecute'),
  lasting('disk-pressure', 'NoSchedule'),
  lasting('memory-pressure', 'NoSchedule'),
  lasting('pid-pressure', 'NoSchedule'),
  lasting('unschedulable', 'NoSchedule'),
]

/** The tolerations of a daemon's pod: its template's, and those that every daemon has. */
export function tolerationsOf(set: DaemonSet): readonly Toleration[] {
  const spec = set.spec?.template.spec
  const own = spec?.tolerations ?? []
  const given =
    spec?.hostNetwork === true ? [...TOLERATIONS, lasting('network-unavailable', 'NoSchedule')] : TOLERATIONS
  return [...own, ...given.filter((toleration) => !own.some((other) => isSame(other, toleration)))]
}

/** A pod for one node: the scheduler is left no other. */
export function podFor(set: DaemonSet, hash: string, nodeName: string): Pod {
  const { metadata, spec } = set.spec!.template
  const { annotations, finalizers, labels } = metadata ?? {}
  const generation = set.metadata.annotations?.[GENERATION_ANNOTATION]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${set.metadata.name!.slice(0, 57)}-`,
      namespace: set.metadata.namespace!,
      labels: {
        ...labels,
        ...(generation === undefined ? {} : { [GENERATION_LABEL]: generation }),
        [REVISION_LABEL]: hash,
      },
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(set)],
    },
    spec: {
      ...spec!,
      tolerations: tolerationsOf(set),
      affinity: { ...spec!.affinity, nodeAffinity: onlyOn(spec!, nodeName) },
    },
  }
}

/** The node that a daemon's pod is on, or is meant for; undefined for a pod that may be anywhere. */
export function targetNode({ spec }: Pod): string | undefined {
  if (spec?.nodeName !== undefined && spec.nodeName !== '') return spec.nodeName
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const fields = required?.nodeSelectorTerms.flatMap(({ matchFields = [] }) => matchFields)
  return fields?.find(({ key, operator }) => key === 'metadata.name' && operator === 'In')?.values?.[0]
}

/** The template's own required terms have been heeded when the node was chosen, so that the name takes their place. */
function onlyOn({ affinity }: PodSpec, nodeName: string): NodeAffinity {
  const term = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] }
  return {
    ...affinity?.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
  }
}

function isSame(a: Toleration, b: Toleration): boolean {
  return a.key === b.key && a.effect === b.effect && a.operator === b.operator && (a.value ?? '') === (b.value ?? '')
}
