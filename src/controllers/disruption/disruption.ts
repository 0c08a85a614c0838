import type { Pod } from '../../api/generated/core-v1.ts'
import type { PodDisruptionBudget } from '../../api/generated/policy-v1.ts'
import {
  BUILT_IN_RESOURCES,
  deployments,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  statefulSets,
} from '../../api/generated/resources.ts'
import { fromLabelSelector, matchesLabels } from '../../api/meta/label-selector.ts'
import { keyStringOf } from '../../informer/indexer.ts'
import type { KubeObject } from '../../api/object.ts'
import { groupResourceOf } from '../../api/resource-type.ts'
import { NAMESPACE_INDEX } from '../../informer/indexes.ts'
import { event } from '../../reconcile/change.ts'
import type { Change } from '../../reconcile/change.ts'
import type { Controller, ControllerContext } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf, controllerOf } from '../../reconcile/source.ts'
import type { Source } from '../../reconcile/source.ts'
import { decideDisruption } from './core.ts'
import type { Scale, ScaleOf } from './expected.ts'

/** Begins the keys of pods with several budgets; a budget's key is `namespace/name`, which has no colon. */
const POD = 'pod:'

/** Keeps the status of PodDisruptionBudgets, by which evictions are granted. */
export const disruptionController: Controller = {
  name: 'disruption-controller',
  eventSource: 'controllermanager',
  build(context) {
    const budgets = context.informer(podDisruptionBudgets)
    const podInformer = context.informer(pods)
    const { scaleOf, sources } = scales(context, (namespace) => budgets.by(NAMESPACE_INDEX, namespace).map(keyStringOf))
    const budgetsOf = (pod: Pod) =>
      budgets.by(NAMESPACE_INDEX, pod.metadata.namespace!).filter((budget) => selects(budget, pod))
    const concerned = (pod: Pod) => {
      const keys = budgetsOf(pod).map(keyStringOf)
      return keys.length > 1 ? [...keys, `${POD}${keyStringOf(pod)}`] : keys
    }
    return {
      sources: [changesOf(budgets), changesOf(podInformer, concerned), ...sources],
      reconcile(key, nowMs) {
        if (key.startsWith(POD)) {
          const pod = podInformer.getByKey(key.slice(POD.length))
          return pod === undefined ? SETTLED : { changes: sayAmbiguous(pod, budgetsOf(pod)) }
        }
        const budget = budgets.getByKey(key)
        if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return SETTLED
        const all = podInformer.by(NAMESPACE_INDEX, budget.metadata.namespace!)
        return decideDisruption({ budget, pods: all.filter((pod) => selects(budget, pod)), scaleOf }, nowMs)
      },
    }
  },
}

/** No eviction of such a pod is granted, whatever its budgets say. */
function sayAmbiguous(pod: Pod, [chosen, ...others]: readonly PodDisruptionBudget[]): readonly Change[] {
  if (chosen === undefined || others.length === 0) return []
  const { namespace, name } = pod.metadata
  const message = `Pod "${namespace}"/"${name}" matches multiple PodDisruptionBudgets.  Chose "${chosen.metadata.name}" arbitrarily.`
  return [event(pod, 'Warning', 'MultiplePodDisruptionBudgets', message)]
}

function selects({ spec }: PodDisruptionBudget, { metadata }: Pod): boolean {
  const selector = fromLabelSelector(spec?.selector)
  return selector !== undefined && matchesLabels(selector, metadata.labels)
}

type Sized = KubeObject & { readonly spec?: { readonly replicas?: number } }

/** Who wants how many pods: the Deployment behind a ReplicaSet, else the controller itself. */
function scales(
  context: ControllerContext,
  budgetsOf: (namespace: string) => readonly string[],
): { scaleOf: ScaleOf; sources: readonly Source[] } {
  const deploymentInformer = context.informer(deployments)
  const setInformer = context.informer(replicaSets)
  const informers = [setInformer, context.informer(statefulSets), context.informer(replicationControllers)] as const
  const isResized = (one: Sized, before: Sized) => one.spec?.replicas !== before.spec?.replicas
  const concerned = ({ metadata }: KubeObject) => budgetsOf(metadata.namespace!)
  const scaleOf = (pod: Pod): Scale => {
    const owner = controllerOf(pod)!
    const key = { namespace: pod.metadata.namespace!, name: owner.name }
    const informer = informers.find(({ type }) => type.kind === owner.kind)
    if (informer === undefined) return unknownScale(owner.kind)
    const found: Sized | undefined = informer.get(key)
    if (found?.metadata.uid !== owner.uid) return { kind: 'none' }
    const above = controllerOf(found)
    if (above?.kind !== 'Deployment' || owner.kind !== 'ReplicaSet') return sizeOf(found)
    const deployment = deploymentInformer.get({ namespace: key.namespace, name: above.name })
    return deployment?.metadata.uid === above.uid ? sizeOf(deployment) : { kind: 'none' }
  }
  const sources = [
    changesOf(deploymentInformer, concerned, isResized),
    changesOf(setInformer, concerned, isResized),
    changesOf(informers[1], concerned, isResized),
    changesOf(informers[2], concerned, isResized),
  ]
  return { scaleOf, sources }
}

function sizeOf(object: Sized): Scale {
  return { kind: 'scale', uid: object.metadata.uid!, replicas: object.spec?.replicas ?? 1 }
}

function unknownScale(kind: string): Scale {
  const type = BUILT_IN_RESOURCES.find((one) => one.kind === kind)
  return type === undefined ? { kind: 'none' } : { kind: 'unscalable', resource: groupResourceOf(type) }
}
