import type { Node, Pod } from '../../api/generated/core-v1.ts'
import type { KubeObject, ObjectList } from '../../api/object.ts'
import { apiVersionOf } from '../../api/resource-type.ts'
import type { NodeUse, PodUse } from '../../runtime/usage.ts'
import type { Engine } from '../verbs/engine.ts'
import { notFound } from '../verbs/failure.ts'
import type { CollectionTarget, ObjectTarget } from '../verbs/request.ts'
import type { Selection } from '../verbs/selection.ts'
import { METRICS_STORAGE } from './metrics-kinds.ts'
import { nodeMetrics, podMetrics } from './metrics-objects.ts'

/** Whether the objects of a resource are made when they are asked for. */
export function isMeasured({ resource }: CollectionTarget): boolean {
  return resource.type.group === 'metrics.k8s.io' && resource.definition === undefined
}

/** The measurements of all nodes or pods that are selected, in their order; those that cannot be had are left out. */
export async function listMeasured(
  engine: Engine,
  target: CollectionTarget,
  selection: Selection,
): Promise<ObjectList> {
  const { type, listKind } = target.resource
  const items = await measured(engine, target, selection)
  return { apiVersion: apiVersionOf(type), kind: listKind, metadata: {}, items }
}

export async function getMeasured(engine: Engine, target: ObjectTarget): Promise<KubeObject> {
  const { name } = target
  const isIt = ({ metadata }: KubeObject) => metadata.name === name
  const [found] = await measured(engine, target, {
    all: false,
    name,
    node: undefined,
    isByContent: false,
    matches: isIt,
  })
  if (found === undefined) throw notFound(target.resource.type, name)
  return found
}

async function measured(
  engine: Engine,
  target: CollectionTarget,
  selection: Selection,
): Promise<readonly KubeObject[]> {
  const isOfNodes = target.resource.storage === METRICS_STORAGE.nodes
  const prefix = target.namespace === undefined ? {} : { prefix: `${target.namespace}/` }
  const stored = [...engine.store.durable().list(isOfNodes ? 'nodes' : 'pods', prefix)]
  const selected = stored.flatMap(({ object }) => (selection.matches(object) ? [object] : []))
  return isOfNodes ? await ofNodes(engine, selected as Node[]) : await ofPods(engine, selected as Pod[])
}

async function ofNodes(engine: Engine, nodes: readonly Node[]): Promise<readonly KubeObject[]> {
  const uses = await usesOf(
    engine,
    nodes.map(({ metadata }) => metadata.name ?? ''),
  )
  return nodes.flatMap((node) => {
    const use = uses.get(node.metadata.name ?? '')
    return use === undefined ? [] : [nodeMetrics(node, use)]
  })
}

async function ofPods(engine: Engine, pods: readonly Pod[]): Promise<readonly KubeObject[]> {
  const running = pods.filter(({ status, spec }) => status?.phase === 'Running' && spec?.nodeName !== undefined)
  const uses = await usesOf(engine, [...new Set(running.map(({ spec }) => spec?.nodeName ?? ''))])
  const byUid = new Map<string, { readonly pod: PodUse; readonly atMs: number }>()
  for (const { pods: all, atMs } of uses.values()) for (const pod of all) byUid.set(pod.uid, { pod, atMs })
  return running.flatMap((pod) => {
    const use = byUid.get(pod.metadata.uid ?? '')
    return use === undefined ? [] : (podMetrics(pod, use.pod, use.atMs) ?? [])
  })
}

/** A node that does not answer has no measurements; the others have. */
async function usesOf({ nodeStreams }: Engine, names: readonly string[]): Promise<ReadonlyMap<string, NodeUse>> {
  const asked = await Promise.all(
    names.map(async (name) => [name, await nodeStreams?.usage?.(name).catch(() => undefined)] as const),
  )
  return new Map(asked.flatMap(([name, use]) => (use === undefined ? [] : [[name, use] as const])))
}
