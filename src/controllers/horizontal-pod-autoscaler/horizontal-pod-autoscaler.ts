import type { Scale } from '../../api/generated/autoscaling-v1.ts'
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus } from '../../api/generated/autoscaling-v2.ts'
import type { Pod } from '../../api/generated/core-v1.ts'
import { horizontalPodAutoscalers, pods } from '../../api/generated/resources.ts'
import { matchesLabels, parseLabelSelector } from '../../api/meta/label-selector.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import type { Client } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import { keyStringOf } from '../../informer/indexer.ts'
import { NAMESPACE_INDEX } from '../../informer/indexes.ts'
import type { Change } from '../../reconcile/change.ts'
import { event } from '../../reconcile/change.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import { canonical } from '../safe-hash.ts'
import { servedResources } from '../served-resources/served-resources.ts'
import { look, setCondition } from './look.ts'
import type { Conditions, Look } from './look.ts'
import { createMetricsReader } from './metrics-reader.ts'
import type { Scene } from './metric-proposals.ts'
import { emptyMemory, rememberChange } from './stabilizer.ts'
import type { Memory } from './stabilizer.ts'

/** How often an autoscaler looks. */
const PERIOD_MS = 15_000

/** What is kept of an autoscaler between two looks. */
interface Kept {
  readonly uid: string
  readonly spec: string
  readonly lookedMs: number
  readonly memory: Memory | undefined
  /** Of the pods that it has been seen to size; another of the same pods and neither sizes them. */
  readonly selector?: Selector
}

type Selector = ReturnType<typeof parseLabelSelector>
type Target = ResourceType<Scale>

/** Sizes what HorizontalPodAutoscalers point at by what their metrics say. */
export const horizontalPodAutoscalerController: Controller = {
  name: 'horizontal-pod-autoscaler',
  build(context) {
    const informer = context.informer(horizontalPodAutoscalers)
    const podInformer = context.informer(pods)
    const served = servedResources(context)
    const metrics = createMetricsReader(context.client)
    const kept = new Map<string, Kept>()

    const sceneOf = (autoscaler: HorizontalPodAutoscaler, scale: Scale, nowMs: number): Scene => {
      const selector = scale.status?.selector ?? ''
      const parsed = selector === '' ? [] : parseLabelSelector(selector)
      const namespace = autoscaler.metadata.namespace!
      const all = podInformer.by(NAMESPACE_INDEX, namespace)
      const selected = all.filter((pod) => matchesLabels(parsed, pod.metadata.labels))
      const contenders = () => {
        const key = `${namespace}/${autoscaler.metadata.name}`
        kept.set(key, { ...kept.get(key)!, selector: parsed })
        const others = informer.by(NAMESPACE_INDEX, namespace).map(keyStringOf)
        return others.filter((other) => isSizing(kept.get(other)?.selector, selected)).sort()
      }
      return {
        autoscaler,
        specReplicas: scale.spec?.replicas ?? 0,
        statusReplicas: scale.status?.replicas ?? 0,
        selector,
        pods: selected,
        contenders,
        metrics,
        pluralOf: (apiVersion, kind) => served.find(apiVersion, kind)?.plural ?? `${kind.toLowerCase()}s`,
        nowMs,
      }
    }
    return {
      sources: [changesOf(informer)],
      async reconcile(key, nowMs): Promise<Decision> {
        const autoscaler = informer.getByKey(key)
        if (autoscaler === undefined) {
          kept.delete(key)
          return SETTLED
        }
        const uid = autoscaler.metadata.uid!
        const spec = canonical(autoscaler.spec)
        const last = kept.get(key)?.uid === uid ? kept.get(key) : undefined
        // Its own status comes back as a change: that is no reason to look again.
        const waitMs = last?.spec === spec ? last.lookedMs + PERIOD_MS - nowMs : 0
        if (waitMs > 0) return { changes: [], requeueAfterMs: waitMs }
        const { apiVersion = 'v1', kind, name } = autoscaler.spec!.scaleTargetRef
        const target = served.find(apiVersion, kind) as Target | undefined
        const scaleKey = { namespace: autoscaler.metadata.namespace!, name }
        const scale = await readScale(context.client, target, scaleKey, `${apiVersion}, Kind=${kind}`)
        const known = last?.selector === undefined ? {} : { selector: last.selector }
        if (scale instanceof Error) {
          kept.set(key, { uid, spec, lookedMs: nowMs, memory: last?.memory, ...known })
          return { changes: noScale(autoscaler, scale, nowMs), requeueAfterMs: PERIOD_MS }
        }
        const memory = last?.memory ?? emptyMemory(scale.spec?.replicas ?? 0, nowMs)
        kept.set(key, { uid, spec, lookedMs: nowMs, memory, ...known })
        const seen = await look(sceneOf(autoscaler, scale, nowMs), memory)
        const changes = await act(context.client, { autoscaler, target: target!, scale, seen, memory, nowMs })
        return { changes, requeueAfterMs: PERIOD_MS }
      },
    }
  },
}

function isSizing(selector: Selector | undefined, selected: readonly Pod[]): boolean {
  return selector !== undefined && selected.some((pod) => matchesLabels(selector, pod.metadata.labels))
}

async function readScale(
  client: Client,
  target: Target | undefined,
  key: { namespace: string; name: string },
  what: string,
): Promise<Scale | Error> {
  if (target === undefined)
    return new Error(`no matches for kind "${what.split('Kind=')[1]}" in group "${groupOf(what)}"`)
  try {
    return await client.get(target, key, { subresource: 'scale' })
  } catch (error) {
    return error as Error
  }
}

function groupOf(what: string): string {
  const apiVersion = what.slice(0, what.indexOf(','))
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
}

function noScale(autoscaler: HorizontalPodAutoscaler, { message }: Error, nowMs: number): Change[] {
  const said = {
    reason: 'FailedGetScale',
    message: `the HPA controller was unable to get the target's current scale: ${message}`,
  }
  const conditions = setCondition(autoscaler.status?.conditions ?? [], 'AbleToScale', 'False', said, nowMs)
  const status = { desiredReplicas: 0, ...autoscaler.status, conditions }
  return [event(autoscaler, 'Warning', 'FailedGetScale', message), ...writeStatus(autoscaler, status)]
}

interface Act {
  readonly autoscaler: HorizontalPodAutoscaler
  readonly target: Target
  readonly scale: Scale
  readonly seen: Look
  readonly memory: Memory
  readonly nowMs: number
}

/** Scales here and now rather than as a change: whether that went well is what the status has to say. */
async function act(client: Client, { autoscaler, target, scale, seen, memory, nowMs }: Act): Promise<Change[]> {
  const current = scale.spec?.replicas ?? 0
  const notes = seen.notes.map((note): Change => ({ verb: 'event', note }))
  const { rescale } = seen
  if (rescale === undefined) {
    const wanted = seen.failed ? (autoscaler.status?.desiredReplicas ?? 0) : current
    return [...notes, ...writeStatus(autoscaler, statusOf(autoscaler, seen, seen.conditions, current, wanted))]
  }
  const { replicas, reason } = rescale
  const able = (status: string, said: string, message: string) =>
    setCondition(seen.conditions, 'AbleToScale', status, { reason: said, message }, nowMs)
  try {
    await client.update(target, { ...scale, spec: { ...scale.spec, replicas } }, { subresource: 'scale' })
  } catch (error) {
    const why = (error as Error).message
    const said = `New size: ${replicas}; reason: ${reason}; error: ${why}`
    const message = `the HPA controller was unable to update the target scale: ${why}`
    const conditions = able('False', 'FailedUpdateScale', message)
    const wanted = autoscaler.status?.desiredReplicas ?? 0
    const status = statusOf(autoscaler, seen, conditions, current, wanted)
    return [...notes, event(autoscaler, 'Warning', 'FailedRescale', said), ...writeStatus(autoscaler, status)]
  }
  rememberChange(memory, current, replicas, nowMs)
  const message = `the HPA controller was able to update the target scale to ${replicas}`
  const conditions = able('True', 'SucceededRescale', message)
  const status = { ...statusOf(autoscaler, seen, conditions, current, replicas), lastScaleTime: formatTime(nowMs) }
  const said = `New size: ${replicas}; reason: ${reason}`
  return [...notes, event(autoscaler, 'Normal', 'SuccessfulRescale', said), ...writeStatus(autoscaler, status)]
}

function statusOf(
  autoscaler: HorizontalPodAutoscaler,
  { metrics }: Look,
  conditions: Conditions,
  currentReplicas: number,
  desiredReplicas: number,
): HorizontalPodAutoscalerStatus {
  const { lastScaleTime } = autoscaler.status ?? {}
  return {
    currentReplicas,
    desiredReplicas,
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    ...(metrics.length === 0 ? {} : { currentMetrics: metrics }),
    conditions,
  }
}

function writeStatus(autoscaler: HorizontalPodAutoscaler, status: HorizontalPodAutoscalerStatus): Change[] {
  if (canonical(autoscaler.status) === canonical(status)) return []
  return [
    {
      verb: 'update',
      type: horizontalPodAutoscalers,
      object: { ...autoscaler, status } as never,
      subresource: 'status',
    },
  ]
}
