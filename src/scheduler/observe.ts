import type { Pod } from '../api/generated/core-v1.ts'
import { nodes, pods } from '../api/generated/resources.ts'
import { keyOf, keyString } from '../api/object.ts'
import type { KubeObject } from '../api/object.ts'
import type { ResourceType } from '../api/resource-type.ts'
import type { Informers } from '../informer/informers.ts'
import { occupies, putObject, removeObject } from '../placement/cluster-view.ts'
import type { ViewKind } from '../placement/cluster-view.ts'
import type { ClusterEvent } from '../placement/framework.ts'
import { gangOf } from '../placement/gang.ts'
import { VIEWED } from '../placement/viewed-kinds.ts'
import { reportUnscheduled } from './binding.ts'
import { nodeChanges, podChanges } from './hints.ts'
import type { Placing } from './placing.ts'
import { withdrawNomination } from './preempt.ts'

const GATED = 'Scheduling is blocked due to non-empty scheduling gates'

/** Keeps the view and the queue up to date with the API. Resolves when they are. */
export async function observe(informers: Informers, placing: Placing): Promise<void> {
  for (const [kind, type, event] of VIEWED) observeKind(informers, placing, kind, type, event)
  const { table } = placing.view
  informers.of(nodes).listen({
    added(node) {
      table.putNode(node)
      placing.queue.wake('node-added', node)
    },
    updated(node, previous) {
      table.putNode(node)
      for (const event of nodeChanges(node, previous)) placing.queue.wake(event, node)
    },
    deleted(node) {
      table.removeNode(node.metadata.name ?? '')
      // Domains of topologies may have gone with it.
      placing.queue.wake('node-labels', node)
    },
  })
  informers.of(pods).listen({
    added: (pod) => observePod(placing, pod, undefined),
    updated: (pod, previous) => observePod(placing, pod, previous),
    deleted: (pod) => deletePod(placing, pod),
  })
  await informers.synced()
}

function observeKind(
  informers: Informers,
  { view, queue, volumes }: Placing,
  kind: ViewKind,
  type: ResourceType<KubeObject>,
  event: ClusterEvent | undefined,
): void {
  const isOfVolumes = kind === 'PersistentVolumeClaim' || kind === 'PersistentVolume'
  const changed = (object: KubeObject) => {
    if (event !== undefined) queue.wake(event, object)
    if (isOfVolumes) volumes.changed()
  }
  const put = (object: KubeObject) => {
    putObject(view, kind, object)
    changed(object)
  }
  informers.of(type).listen({
    added: put,
    updated: put,
    deleted(object) {
      removeObject(view, kind, object)
      changed(object)
    },
  })
}

function forgetPod({ queue, places, view }: Placing, pod: Pod): void {
  const key = keyString(keyOf(pod))
  const wasThere = places.has(key) || view.nominations.nodeOf(key) !== undefined
  queue.remove(key)
  view.nominations.remove(key)
  places.remove(key)
  if (wasThere) queue.wake('pod-gone', pod)
}

/** One that is gone for good; one that has only ended still counts as a member of its gang. */
function deletePod(placing: Placing, pod: Pod): void {
  placing.gangs.forget(pod)
  placing.shares.withdraw(pod)
  placing.awaited.delete(keyString(keyOf(pod)))
  forgetPod(placing, pod)
}

function observePod(placing: Placing, pod: Pod, previous: Pod | undefined): void {
  const { queue, places, view } = placing
  if ((pod.spec?.nodeName ?? '') === '') return observeWaiting(placing, pod)
  placing.gangs.isPlaced(pod)
  if (!occupies(pod)) return forgetPod(placing, pod)
  const key = keyString(keyOf(pod))
  queue.remove(key)
  view.nominations.remove(key)
  placing.awaited.delete(key)
  const isNew = !places.has(key)
  places.observe(pod)
  if (isNew || (previous?.spec?.nodeName ?? '') === '') queue.wake('pod-added', pod)
  else if (previous !== undefined) for (const event of podChanges(pod, previous)) queue.wake(event, pod)
}

function observeWaiting(placing: Placing, pod: Pod): void {
  const { queue, places, view, env, client } = placing
  const key = keyString(keyOf(pod))
  const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  if (ended || pod.metadata.deletionTimestamp !== undefined || placing.profileOf(pod) === undefined) {
    queue.remove(key)
    placing.gangs.forget(pod)
    return withdrawNomination(placing, pod)
  }
  if ((pod.spec?.schedulingGates?.length ?? 0) > 0) {
    queue.remove(key)
    reportUnscheduled(env, client, pod, { reason: 'SchedulingGated', message: GATED }).catch((error: unknown) =>
      env.log.debug('a gated pod could not be told', { key, error }),
    )
    return
  }
  if (places.isAssumed(key)) return
  const promised = pod.status?.nominatedNodeName ?? ''
  // One that an earlier life of this scheduler has promised; of a newer one the status may not know yet.
  if (promised !== '' && view.nominations.nodeOf(key) === undefined) view.nominations.put(pod, promised)
  queue.put(pod)
  joinGang(placing, pod, key)
}

/** A gang that waited for members is looked at again with each that comes. */
function joinGang({ queue, gangs }: Placing, pod: Pod, key: string): void {
  const gang = gangOf(pod)
  if (gang === undefined || gangs.waiting(gang).has(key)) return
  gangs.waits(pod)
  queue.wake('group', pod)
}
