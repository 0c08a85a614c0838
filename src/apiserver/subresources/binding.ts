import type { Binding, Pod } from '../../api/generated/core-v1.ts'
import { ApiError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/object.ts'
import type { WriteOptions } from '../../client/client.ts'
import { formatTime } from '../../env/clock.ts'
import type { Engine } from '../verbs/engine.ts'
import { commit } from '../verbs/engine.ts'
import { conflict } from '../verbs/failure.ts'
import { entryAt } from '../verbs/get.ts'
import type { Answer, ObjectTarget } from '../verbs/request.ts'
import { success } from './success.ts'

/** POST of `binding`: gives a pod to a node, once. */
export async function bind(
  engine: Engine,
  target: ObjectTarget,
  body: KubeObject,
  options: WriteOptions,
): Promise<Answer> {
  const { target: node, metadata } = body as Binding
  if (node?.kind !== undefined && node.kind !== '' && node.kind !== 'Node') {
    const kinds = `Unsupported value: ${JSON.stringify(node.kind)}: supported values: "Node", "<empty>"`
    throw unbindable(`target.kind: ${kinds}`)
  }
  if (!node?.name) throw unbindable('target.name: Required value')
  const entry = entryAt(engine.store.head(), target)
  const pod = entry.object as Pod
  refuseUnbindable(target, pod, node.name, metadata.uid)
  if (options.dryRun) return success()
  const object = bound(pod, node.name, metadata.annotations, formatTime(engine.environment.clock.now()))
  await commit(engine, [{ type: 'update', resource: entry.resource, key: entry.key, object }])
  return success()
}

/** What cannot be read as a binding is a server's failure to Kubernetes. */
const unbindable = (message: string) =>
  new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })

function refuseUnbindable({ resource, name }: ObjectTarget, pod: Pod, node: string, uid: string | undefined): void {
  const refuse = (why: string) => conflict({ ...resource.type, plural: 'pods/binding' }, name, why)
  if (uid && uid !== pod.metadata.uid) {
    throw refuse(`Precondition failed: UID in precondition: ${uid}, UID in object meta: ${pod.metadata.uid ?? ''}`)
  }
  if (pod.metadata.deletionTimestamp !== undefined)
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`)
  if (pod.spec?.nodeName) throw refuse(`pod ${name} is already assigned to node "${pod.spec.nodeName}"`)
  if ((pod.spec?.schedulingGates ?? []).length > 0) {
    throw refuse(`pod ${name} has non-empty .spec.schedulingGates`)
  }
  if (node === '') throw refuse('no node')
}

function bound(pod: Pod, nodeName: string, annotations: Record<string, string> | undefined, time: string): Pod {
  const { metadata, spec, status } = pod
  const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: time }
  const others = (status?.conditions ?? []).filter((one) => one.type !== 'PodScheduled')
  return {
    ...pod,
    metadata:
      annotations === undefined ? metadata : { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
    spec: { ...spec, nodeName } as NonNullable<Pod['spec']>,
    status: { ...status, conditions: [...others, scheduled] } as unknown as NonNullable<Pod['status']>,
  }
}
