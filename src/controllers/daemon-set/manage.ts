import type { Pod } from '../../api/generated/core-v1.ts'
import { event } from '../../reconcile/change.ts'
import type { EventChange } from '../../reconcile/change.ts'
import { isReady } from '../pod-phase.ts'
import { isAvailable, isStaying, isUpdated } from './scene.ts'
import type { Place, Scene } from './scene.ts'

/** What is to be made and given up, with the events that tell why. */
export interface Plan {
  readonly create: readonly string[]
  readonly remove: readonly Pod[]
  readonly events: readonly EventChange[]
  /** When to look again at failed pods that are held back; infinite where there are none. */
  readonly waitMs: number
}

/** How long a failed pod has to stay before the next takes its place; asking counts the failure where it is zero. */
export type HoldBack = (nodeName: string, pod: Pod) => number

/** A pod on each node that is to have one, and none elsewhere. */
export function manage(scene: Scene, holdBack: HoldBack): Plan {
  const plans = scene.places.map((place) => planFor(scene, place, holdBack))
  return {
    create: plans.flatMap(({ create }) => create),
    remove: [...plans.flatMap(({ remove }) => remove), ...scene.lost],
    events: plans.flatMap(({ events }) => events),
    waitMs: Math.min(Infinity, ...plans.map(({ waitMs }) => waitMs)),
  }
}

const NOTHING: Plan = { create: [], remove: [], events: [], waitMs: Infinity }

function planFor(scene: Scene, place: Place, holdBack: HoldBack): Plan {
  const { nodeName, eligibility, pods } = place
  if (pods.length === 0) return eligibility === 'run' ? { ...NOTHING, create: [nodeName] } : NOTHING
  const staying = pods.filter(isStaying)
  if (eligibility === 'leave') return { ...NOTHING, remove: staying }
  const ended = staying.map((pod) => afterEnd(scene, nodeName, pod, holdBack)).filter((plan) => plan !== undefined)
  const running = staying.filter(({ status }) => status?.phase !== 'Failed' && status?.phase !== 'Succeeded')
  return {
    create: [],
    remove: [...ended.flatMap(({ remove }) => remove), ...excess(scene, running)],
    events: ended.flatMap(({ events }) => events),
    waitMs: Math.min(Infinity, ...ended.map(({ waitMs }) => waitMs)),
  }
}

/** A daemon that has ended goes, so that another may come; one that failed, after a while that grows with each failure. */
function afterEnd({ set }: Scene, nodeName: string, pod: Pod, holdBack: HoldBack): Plan | undefined {
  const subject = `daemon pod ${pod.metadata.namespace}/${pod.metadata.name} on node ${nodeName}`
  if (pod.status?.phase === 'Succeeded') {
    const message = `Found succeeded ${subject}, will try to delete it`
    return { ...NOTHING, remove: [pod], events: [event(set, 'Normal', 'SucceededDaemonPod', message)] }
  }
  if (pod.status?.phase !== 'Failed') return undefined
  const waitMs = holdBack(nodeName, pod)
  if (waitMs > 0) return { ...NOTHING, waitMs }
  const message = `Found failed ${subject}, will try to kill it`
  return { ...NOTHING, remove: [pod], events: [event(set, 'Warning', 'FailedDaemonPod', message)] }
}

/**
 * The pods of a node beyond the oldest; while surging, an old pod that is ready stays beside the oldest new one until that
 * is available.
 */
function excess(scene: Scene, running: readonly Pod[]): readonly Pod[] {
  if (running.length <= 1) return []
  if (scene.surge === 0) return running.slice(1)
  const newPod = running.find((pod) => isUpdated(scene, pod))
  const oldPod = running.find((pod) => !isUpdated(scene, pod))
  const others = running.filter((pod) => pod !== newPod && pod !== oldPod)
  if (newPod === undefined || oldPod === undefined) return others
  return !isReady(oldPod) || isAvailable(scene, newPod) ? [...others, oldPod] : others
}
