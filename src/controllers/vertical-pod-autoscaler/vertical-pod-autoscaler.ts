import type { Pod } from '../../api/generated/core-v1.ts'
import { pods } from '../../api/generated/resources.ts'
import { matchesLabels } from '../../api/meta/label-selector.ts'
import { keyOf } from '../../api/object.ts'
import type { KubeObject } from '../../api/object.ts'
import { formatTime } from '../../env/clock.ts'
import { NAMESPACE_INDEX } from '../../informer/indexes.ts'
import type { Change } from '../../reconcile/change.ts'
import { event } from '../../reconcile/change.ts'
import type { Controller, ControllerContext, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { ownKey } from '../../reconcile/source.ts'
import type { Source } from '../../reconcile/source.ts'
import { canonical } from '../safe-hash.ts'
import { servedResources } from '../served-resources/served-resources.ts'
import type { ServedResources } from '../served-resources/served-resources.ts'
import { CHECKPOINT_KIND, checkpointChanges, restoreUsage } from './checkpoint.ts'
import { recommend } from './recommendation.ts'
import { resizesOf } from './resize.ts'
import { verticalPodAutoscalers } from './resource.ts'
import type { Condition, ContainerRecommendation, VerticalPodAutoscaler } from './resource.ts'
import { selectorOf } from './target-selector.ts'
import { createWorkloadUsage } from './workload-usage.ts'
import type { WorkloadUsage } from './workload-usage.ts'

/** How often an autoscaler looks: as often as use is measured. */
const PERIOD_MS = 15_000
/** How often what is known is written down, where the kind for that is defined; as the recommender does. */
const CHECKPOINT_MS = 60_000

/**
 * Recommends what the containers of a workload should ask for, from what they use, and where its VerticalPodAutoscaler asks for
 * that, gives it to running pods in place. It sleeps until somebody defines the kind, as `manifests/vertical-pod-autoscaler.yaml` does.
 * What was measured is kept in memory and, where checkpoints are defined, written down each minute, so that a restart forgets little.
 */
export const verticalPodAutoscalerController: Controller = {
  name: 'vertical-pod-autoscaler',
  build(context) {
    const served = servedResources(context)
    const podInformer = context.informer(pods)
    const measured = new Map<string, Measured>()
    const informer = () => context.informers.of(verticalPodAutoscalers)
    return {
      sources: [changesOnceDefined(context, served)],
      async reconcile(key, nowMs): Promise<Decision> {
        const autoscaler = isDefined(served) ? informer().getByKey(key) : undefined
        if (autoscaler === undefined) {
          measured.delete(key)
          return SETTLED
        }
        const known = measured.get(key) ?? (await beginMeasuring(context, served, autoscaler, nowMs))
        // Its own status comes back as a change: that is no reason to measure again.
        const waitMs = known.lookedMs + PERIOD_MS - nowMs
        if (waitMs > 0) return { changes: [], requeueAfterMs: waitMs }
        known.lookedMs = nowMs
        measured.set(key, known)
        const { namespace = '' } = autoscaler.metadata
        const target = await selectorOf(context.client, served, autoscaler)
        if (typeof target === 'string') return later(unsupported(autoscaler, target, nowMs))
        const chosen = podInformer
          .by(NAMESPACE_INDEX, namespace)
          .filter((pod) => isLive(pod) && matchesLabels(target, pod.metadata.labels))
        const failure = await known.usage.measure(context.client, namespace, chosen)
        const changes = decide(autoscaler, chosen, known.usage, nowMs, failure)
        return later([...changes, ...checkpointsOf(served, autoscaler, known, nowMs)])
      },
    }
  },
}

interface Measured {
  readonly usage: WorkloadUsage
  lookedMs: number
  savedMs: number
}

async function beginMeasuring(
  { client }: ControllerContext,
  served: ServedResources,
  autoscaler: VerticalPodAutoscaler,
  nowMs: number,
): Promise<Measured> {
  const usage = createWorkloadUsage()
  if (keepsCheckpoints(served)) await restoreUsage(client, autoscaler, usage)
  return { usage, lookedMs: -Infinity, savedMs: nowMs }
}

function checkpointsOf(
  served: ServedResources,
  autoscaler: VerticalPodAutoscaler,
  known: Measured,
  nowMs: number,
): Change[] {
  if (nowMs - known.savedMs < CHECKPOINT_MS || !keepsCheckpoints(served)) return []
  known.savedMs = nowMs
  return checkpointChanges(autoscaler, known.usage, nowMs)
}

const keepsCheckpoints = (served: ServedResources) =>
  served.find('autoscaling.k8s.io/v1', CHECKPOINT_KIND) !== undefined

const later = (changes: Change[]): Decision => ({ changes, requeueAfterMs: PERIOD_MS })

const isLive = ({ metadata, status }: Pod) =>
  metadata.deletionTimestamp === undefined && status?.phase !== 'Succeeded' && status?.phase !== 'Failed'

const isDefined = (served: ServedResources) =>
  served.find('autoscaling.k8s.io/v1', 'VerticalPodAutoscaler') !== undefined

/** Changes of autoscalers, from when their kind is served until it is not. */
function changesOnceDefined(context: ControllerContext, served: ServedResources): Source {
  return {
    start(add) {
      let stop: (() => void) | undefined
      const addAll = (object: KubeObject) => ownKey(object).forEach(add)
      const look = () => {
        if (isDefined(served) === (stop !== undefined)) return
        if (stop === undefined) {
          const listeners = { added: addAll, updated: addAll, deleted: addAll }
          stop = context.informers.of(verticalPodAutoscalers).listen(listeners)
        } else {
          stop()
          stop = undefined
          context.informers.forget(verticalPodAutoscalers)
        }
      }
      const stopListening = served.listen(look)
      look()
      return () => {
        stopListening()
        stop?.()
      }
    },
  }
}

function decide(
  autoscaler: VerticalPodAutoscaler,
  chosen: readonly Pod[],
  usage: WorkloadUsage,
  nowMs: number,
  failure: string | undefined,
): Change[] {
  const policies = autoscaler.spec.resourcePolicy?.containerPolicies
  const names = usage.containers()
  const recommendations = names.flatMap((name) => recommend(name, usage.of(name), names.length, policies) ?? [])
  const mode = autoscaler.spec.updatePolicy?.updateMode ?? 'Auto'
  return [
    ...writeStatus(autoscaler, recommendations, { podCount: chosen.length, failure }, nowMs),
    ...(mode === 'Off' ? [] : chosen.flatMap((pod) => resizePod(pod, recommendations, policies))),
  ]
}

function resizePod(
  pod: Pod,
  recommendations: readonly ContainerRecommendation[],
  policies?: Parameters<typeof resizesOf>[2],
): Change[] {
  // What the node has not come to yet, or has said no to, is not asked for again.
  const isPending = pod.status?.conditions?.some(
    ({ type }) => type === 'PodResizePending' || type === 'PodResizeInProgress',
  )
  const containers = isPending === true ? [] : resizesOf(pod, recommendations, policies)
  if (containers.length === 0) return []
  const failed = (error: Error) => {
    const message = `Cannot resize "${pod.metadata.name}": ${error.message}, expected it to take what is recommended`
    return { about: pod, type: 'Warning', reason: 'FailedResize', message } as const
  }
  const done = () => ({ about: pod, type: 'Normal', reason: 'InPlaceResizedByVPA', message: said(containers) }) as const
  const patch = { type: 'strategic', patch: { spec: { containers } } } as const
  return [{ verb: 'patch', type: pods, key: keyOf(pod), patch, subresource: 'resize', done, failed }]
}

function said(containers: ReturnType<typeof resizesOf>): string {
  const each = containers.map(({ name, resources }) => `${name} ${JSON.stringify(resources.requests)}`)
  return `Pod was resized in place by VPA Updater: ${each.join(', ')}`
}

function unsupported(autoscaler: VerticalPodAutoscaler, message: string, nowMs: number): Change[] {
  const condition = { type: 'ConfigUnsupported', status: 'True', message } as const
  return statusChange(autoscaler, [condition], autoscaler.status?.recommendation?.containerRecommendations ?? [], nowMs)
}

function writeStatus(
  autoscaler: VerticalPodAutoscaler,
  recommendations: readonly ContainerRecommendation[],
  { podCount, failure }: { readonly podCount: number; readonly failure: string | undefined },
  nowMs: number,
): Change[] {
  const isProvided = recommendations.length > 0
  const why = failure === undefined || isProvided ? {} : { reason: 'FailedGetMetrics', message: failure }
  const provided = { type: 'RecommendationProvided', status: isProvided ? 'True' : 'False', ...why } as const
  const noPods = {
    type: 'NoPodsMatched',
    status: 'True',
    reason: 'NoPodsMatched',
    message: 'No pods match this VPA object',
  } as const
  return statusChange(autoscaler, podCount === 0 ? [noPods, provided] : [provided], recommendations, nowMs)
}

function statusChange(
  autoscaler: VerticalPodAutoscaler,
  wanted: readonly Omit<Condition, 'lastTransitionTime'>[],
  containerRecommendations: readonly ContainerRecommendation[],
  nowMs: number,
): Change[] {
  const conditions = wanted.map((condition) => {
    const before = autoscaler.status?.conditions?.find(({ type }) => type === condition.type)
    const time = before?.status === condition.status ? before.lastTransitionTime : formatTime(nowMs)
    return { ...condition, lastTransitionTime: time }
  })
  const status = {
    conditions,
    ...(containerRecommendations.length > 0 && { recommendation: { containerRecommendations } }),
  }
  if (canonical(status) === canonical(autoscaler.status ?? {})) return []
  const isNew = autoscaler.status?.recommendation === undefined && containerRecommendations.length > 0
  return [
    {
      verb: 'update',
      type: verticalPodAutoscalers,
      object: { ...autoscaler, status } as KubeObject,
      subresource: 'status',
    },
    ...(isNew ? [event(autoscaler, 'Normal', 'RecommendationProvided', targetsText(containerRecommendations))] : []),
  ]
}

function targetsText(recommendations: readonly ContainerRecommendation[]): string {
  return recommendations.map(({ containerName, target }) => `${containerName} ${JSON.stringify(target)}`).join(', ')
}
